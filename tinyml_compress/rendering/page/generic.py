"""Results without charts of their own: facts as a list, rows as tables, whatever the verb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinyml_compress.rendering.page.html import Card, Column, Value, Verdict, card_grid, section, table
from tinyml_compress.rendering.page.shell import Source
from tinyml_compress.support.escape import html_text

__all__ = ["generic_parts"]

_HEAD = ("schema", "verb", "tool", "command")
_VERDICTS = {"equal": "all bytes equal", "passed": "passed", "sound": "all that is required is here"}
_DEEPEST = 4


def generic_parts(sources: Sequence[Source]) -> list[str]:
    """One section per document."""
    return [
        section(source.name, [_verdict(source), *_parts(_body(source.document), "")], level=3)
        for source in sources
    ]


def _body(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _HEAD}


def _verdict(source: Source) -> str:
    """For the verbs that say yes or no."""
    cards = []
    for key, word in _VERDICTS.items():
        found = source.document.get(key)
        if isinstance(found, bool):
            cards.append(
                Card(source.verb, Verdict.GOOD if found else Verdict.BAD, word if found else f"not: {word}")
            )
    for contract in source.document.get("contracts", ()):
        holds = contract["holds"]
        title = f"{contract['device']}, {contract['engine']}"
        cards.append(
            Card(title, Verdict.GOOD if holds else Verdict.BAD, "takes the model" if holds else "refuses it")
        )
    return card_grid(cards)


def _parts(value: Mapping[str, Any], where: str) -> list[str]:
    plain = {key: inner for key, inner in value.items() if _is_plain(inner)}
    facts = "".join(
        f"<dt>{html_text(_words(key))}</dt><dd>{html_text(_text(inner))}</dd>"
        for key, inner in plain.items()
        if inner not in (None, [], {})
    )
    parts = [f'<div class="provenance"><dl>{facts}</dl></div>' if facts else ""]
    for key, inner in value.items():
        title = f"{where} {_words(key)}".strip()
        if isinstance(inner, Mapping) and inner and not _is_plain(inner):
            parts += _parts(inner, title)
        elif isinstance(inner, list) and inner and not _is_plain(inner):
            parts.append(_rows(inner, title))
    return parts


def _rows(rows: Sequence[Any], title: str) -> str:
    flat = [_flat(row, 0) if isinstance(row, Mapping) else {"value": _text(row)} for row in rows]
    names = list(dict.fromkeys(key for row in flat for key in row))
    columns = []
    for name in names:
        values = [row[name] for row in flat if row.get(name) is not None]
        whole = all(isinstance(one, int) and not isinstance(one, bool) for one in values)
        number = whole or all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values)
        columns.append(Column(name, _words(name), "," if whole else ".6g" if number else ""))
    return table(columns, flat, caption=title)


def _flat(row: Mapping[str, Any], depth: int) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for key, value in row.items():
        if isinstance(value, Mapping) and depth < _DEEPEST:
            found |= {f"{key} {inner}": one for inner, one in _flat(value, depth + 1).items()}
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[key] = value
        elif value is not None:
            found[key] = _text(value)
    return found


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return not value
    if isinstance(value, list):
        return all(not isinstance(one, (Mapping, list)) for one in value)
    return True


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(one)}" for key, one in value.items())
    return str(value)


def _words(key: str) -> str:
    return key.replace("_", " ")
