"""Long recordings on a page: what each class costs in false accepts, against what it misses."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.rendering.page import specs
from tinyml_compress.rendering.page.html import (
    Card,
    Chart,
    Mark,
    Property,
    Value,
    card_grid,
    chart,
    note,
    table,
)
from tinyml_compress.rendering.page.models import on_front
from tinyml_compress.rendering.page.shell import PageSource
from tinyml_compress.results import Listening, OperatingPoint, WatchedClass, decoded

_COLUMNS = (
    Property("class", "class"),
    Property("kind", "point"),
    Property("score", "threshold, mean score", ".3f", ".3f"),
    Property("threshold", "sum of stored scores", ",", ","),
    Property("false", "false accepts", ",", ","),
    Property("rate", "per hour", ".2f", ".2f"),
    Property("missed", "missed", ",", ","),
    Property("events", "events", ",", ","),
    Property("share", "missed share", ".1%", ".1%"),
    Property("delay", "heard after, s", ".2f", ".2f"),
)


def recording_parts(sources: Sequence[PageSource]) -> list[str]:
    """Each recording by itself."""
    return [part for source in sources for part in _parts(source.name, decoded(Listening, source.document))]


def _parts(name: str, done: Listening) -> list[str]:
    chosen = [_row(one, one.chosen, "chosen") for one in done.watched]
    curve = [_row(one, point, "tried") for one in done.watched for point in one.curve]
    return [
        note(f"{done.recording}: {done.seconds / 60:.1f} minutes, {done.steps:,} answers"),
        card_grid([_card(name, done)]),
        table(_COLUMNS, chosen, caption="Thresholds"),
        chart(_curve(curve + chosen, done.allowed_per_hour)),
    ]


def _curve(rows: Sequence[dict[str, Value]], allowed: float | None) -> Chart | None:
    """Every threshold that was tried."""
    about = (
        "A point per threshold: false accepts in an hour against missed events. "
        "The dashed line joins what no other point beats."
    )
    return specs.scatter(
        "Thresholds: false accepts and missed events",
        about,
        on_front([row for row in rows if row["share"] is not None], "rate", "share", better=False),
        _COLUMNS,
        name="class",
        x="rate",
        y="share",
        axes=("false accepts per hour", "missed share"),
        front="front",
        colour="class",
        limits=(allowed, None),
    )


def _row(one: WatchedClass, point: OperatingPoint, kind: str) -> dict[str, Value]:
    return {
        "class": one.name,
        "kind": kind,
        "score": point.score,
        "threshold": point.threshold,
        "false": point.false_accepts,
        "rate": point.per_hour,
        "missed": point.missed,
        "events": one.events,
        "share": point.missed / one.events if one.events else None,
        "delay": one.delay if kind == "chosen" else None,
    }


def _card(name: str, done: Listening) -> Card:
    word = f"{done.per_hour:.2f} false accepts per hour, {done.missed:,} of {done.events:,} events missed"
    lines = [("model", done.model), ("classes", f"{len(done.watched)}")]
    if done.allowed_per_hour is not None:
        lines.append(("chosen for", f"{done.allowed_per_hour:g} per hour and class, on this recording"))
    return Card(name, Mark.PLAIN, word, tuple(lines))
