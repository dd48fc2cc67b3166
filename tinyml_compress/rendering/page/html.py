"""Pieces of a page: cards with a verdict, tables whose numbers can be copied, charts with their numbers
beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tinyml_compress.support.escape import for_terminal, html_text

_LONG = 28
"""Texts of more letters may break into lines."""
_MANY_COLUMNS = 9
"""Tables of more columns are set smaller on paper."""
Value = str | int | float | None


class Mark(Enum):
    """How a card is marked; the word on it says the same without colour."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"
    PLAIN = "plain"


@dataclass(frozen=True)
class Property:
    """One property of the rows of a chart: the heading of its table, the label of its tooltip."""

    field: str
    title: str
    form: str = ""
    """A format of Python for the table, "" for text."""
    hover: str = ""
    """The same as d3-format, for the tooltip."""

    @property
    def is_number(self) -> bool:
        return bool(self.form)

    def show(self, value: Value) -> str:
        if value is None:
            return ""
        return format(value, self.form) if self.form and not isinstance(value, str) else str(value)


@dataclass(frozen=True)
class Meter:
    """A part of a whole: so much of the flash is used."""

    label: str
    used: float
    whole: float
    text: str


@dataclass(frozen=True)
class Card:
    """A verdict and the few numbers behind it."""

    title: str
    verdict: Mark
    word: str
    lines: tuple[tuple[str, str], ...] = ()
    meters: tuple[Meter, ...] = ()
    about: str = ""
    """Below the title: its long name."""
    text: tuple[str, ...] = ()
    """Sentences, where numbers do not do."""


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification, and the same rows as a table for those who cannot see it."""

    title: str
    about: str
    """One sentence: what is drawn, and of which kind the numbers are."""
    spec: Mapping[str, Any]
    rows: Sequence[Mapping[str, Value]]
    columns: Sequence[Property]
    small: bool = False
    """Several may stand in one row."""


def section(title: str, parts: Iterable[str], *, level: int = 2, anchor: str = "") -> str:
    """A heading and what is below it; nothing at all where there is nothing below it."""
    inside = "\n".join(part for part in parts if part)
    if not inside:
        return ""
    place = f' id="{html_text(anchor)}"' if anchor else ""
    return f"<section{place}>\n<h{level}>{html_text(title)}</h{level}>\n{inside}\n</section>"


def fold(title: str, short: str, parts: Iterable[str], *, is_open: bool = False) -> str:
    """Parts that can be folded away, under a line that says what matters."""
    opened = " open" if is_open else ""
    head = f"<summary>{html_text(title)}<span>{html_text(short)}</span></summary>"
    return f'<details class="part"{opened}>{head}{"".join(parts)}</details>'


def note(text: str, kind: str = "dim") -> str:
    """A paragraph of plain text."""
    return f'<p class="{kind}">{html_text(text)}</p>' if text else ""


def card_grid(cards: Sequence[Card]) -> str:
    """Cards side by side."""
    if not cards:
        return ""
    return f'<ul class="cards">{"".join(_card(card) for card in cards)}</ul>'


def _card(card: Card) -> str:
    lines = "".join(
        f"<div><dt>{html_text(label)}</dt><dd>{html_text(text)}</dd></div>" for label, text in card.lines
    )
    meters = "".join(_meter(meter) for meter in card.meters)
    about = f'<p class="about">{html_text(card.about)}</p>' if card.about else ""
    text = "".join(f"<p>{html_text(sentence)}</p>" for sentence in card.text if sentence)
    return (
        f'<li class="card {card.verdict.value}"><h3>{html_text(card.title)}</h3>{about}'
        "<p "
        f'class="verdict">{html_text(card.word)}</p>{meters}{text}{f"<dl>{lines}</dl>" if lines else ""}</li>'
    )


def _meter(meter: Meter) -> str:
    share = meter.used / meter.whole if meter.whole else 0.0
    over = " over" if share > 1 else ""
    return (
        f'<div class="meter{over}"><span>{html_text(meter.label)}</span><span>{html_text(meter.text)}</span>'
        f'<div class="track"><div style="width:{min(100.0, 100 * share):.1f}%"></div></div></div>'
    )


def table(columns: Sequence[Property], rows: Sequence[Mapping[str, Value]], *, caption: str = "") -> str:
    """A table with a button that copies it as tab-separated text."""
    used = [column for column in columns if any(row.get(column.field) not in (None, "") for row in rows)]
    if not rows or not used:
        return ""
    head = "".join(f'<th scope="col"{_side(column)}>{html_text(column.title)}</th>' for column in used)
    lines = []
    for row in rows:
        lines.append(f"<tr>{''.join(_cell(column, row.get(column.field)) for column in used)}</tr>")
    title = f"<caption>{html_text(caption)}</caption>" if caption else ""
    kind = ' class="many"' if len(used) > _MANY_COLUMNS else ""
    return (
        '<div class="tablebox"><button type="button" class="copy">Copy table</button>'
        '<div class="wide" tabindex="0" role="region" aria-label="'
        f'{html_text(caption or "table")}"><table{kind}>{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div></div>"
    )


def _cell(column: Property, value: Value) -> str:
    text = for_terminal(column.show(value))  # a line end would be another row of the copied table
    kind = ' class="n"' if column.is_number else ' class="long"' if len(text) > _LONG else ""
    return f"<td{kind}>{html_text(text)}</td>"


def _side(column: Property) -> str:
    return ' class="n"' if column.is_number else ""


def chart(drawing: Chart | None) -> str:
    """A figure: the chart, and below it the same numbers as a table."""
    if drawing is None or not drawing.rows:
        return ""
    described = {"description": f"{drawing.title}. {drawing.about}", **drawing.spec}
    spec = json.dumps(described, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    size = " small" if drawing.small else ""
    return (
        f'<figure class="chart{size}"><figcaption><strong>{html_text(drawing.title)}</strong> '
        f"<span>{html_text(drawing.about)}</span></figcaption>"
        f'<div class="vega" role="img" aria-label="{html_text(drawing.title)}. '
        f'{html_text(drawing.about)}"></div>'
        f'<script type="application/json" class="spec">{spec}</script>'
        f'<details class="numbers"><summary>The numbers of this chart</summary>'
        f"{table(drawing.columns, drawing.rows, caption=drawing.title)}</details></figure>"
    )


def row_of_charts(charts: Iterable[Chart | None]) -> str:
    """Small charts side by side."""
    inside = "".join(chart(one) for one in charts)
    return f'<div class="row">{inside}</div>' if inside else ""
