"""A budget search on a page: the verdict, the front, every trial, what was left out, the way to make it
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinyml_compress.rendering.fit_text import made_with
from tinyml_compress.rendering.page import specs
from tinyml_compress.rendering.page.html import (
    Card,
    Chart,
    Column,
    Meter,
    Value,
    Verdict,
    card_grid,
    chart,
    note,
    section,
    table,
)
from tinyml_compress.rendering.page.models import on_front
from tinyml_compress.rendering.page.shell import Source

__all__ = ["estimate_parts", "fit_parts", "front_chart"]

Row = Mapping[str, Any]
_LIMITS = {
    "flash": ("flash", " B", ",.0f"),
    "ram": ("RAM", " B", ",.0f"),
    "ms": ("time", " ms", ".4g"),
    "drop": ("drop", "", ".2%"),
}
_FIXED = (
    Column("number", "trial", "d", "d"),
    Column("run", "run"),
    Column("became", "became"),
    Column("score", "score", ".4f", ".4f"),
    Column("points", "drop, points", "+.2f", "+.2f"),
    Column("flash", "flash, B", ",", ","),
    Column("ram", "RAM, B", ",", ","),
    Column("cycles", "cycles, modelled", ",", ","),
    Column("ms", "ms, modelled", ".4g", ".4~g"),
    Column("part", "of the full training", ".0%", ".0%"),
    Column("seconds", "seconds it took", ".1f", ".1f"),
)


_PALETTE = {
    "winner": "var(--c5)",
    "within the budget": "var(--good)",
    "over the budget": "var(--c2)",
    "stopped": "var(--c7)",
}


def fit_parts(sources: Sequence[Source]) -> list[str]:
    """Searches, one below the other; several are drawn into one front first."""
    many = len(sources) > 1
    parts = []
    if many:
        rows = [row for source in sources for row in _trials(source.document, source.name)]
        columns = _columns([source.document for source in sources])
        parts += [
            chart(_front(rows, columns, x=x, axis=axis))
            for x, axis in (("flash", "flash, bytes"), ("ms", "ms"))
        ]
    for source in sources:
        inside = _one(source.document)
        parts.append(
            section(source.name, inside, level=3) if many else "\n".join(part for part in inside if part)
        )
    return parts


def _one(document: Row) -> list[str]:
    rows = _trials(document, None)
    columns = _columns([document])
    limits = document["budget"]
    charts = [
        _front(
            rows, columns, x="flash", axis="flash, bytes", limits=(limits.get("flash"), limits.get("drop"))
        ),
        _front(rows, columns, x="ms", axis="ms, modelled", limits=(limits.get("ms"), limits.get("drop"))),
        _front(rows, columns, x="ram", axis="RAM, bytes", limits=(limits.get("ram"), limits.get("drop"))),
    ]
    named = (Column("name", "choice"), Column("text", "what it is"), Column("choices", "tried among"))
    dimensions = [
        {
            "name": one["name"],
            "text": one.get("text", ""),
            "choices": ", ".join(str(word) for word in one["choices"]),
        }
        for one in document.get("dimensions", ())
    ]
    left = (Column("name", "left out"), Column("why", "why"))
    commands = document.get("published", {}).get("commands", ())
    return [
        card_grid(_cards(document)),
        *(note(text) for text in _advice(document)),
        *(chart(one) for one in charts),
        table(columns, rows, caption="All trials"),
        table(named, dimensions, caption="What was searched"),
        table(left, document.get("left_out", ()), caption="What was not searched"),
        table(
            (Column("command", "makes the winner again without the search"),),
            [{"command": one} for one in commands],
        ),
    ]


def _amount(name: str, value: float) -> str:
    _, unit, form = _LIMITS.get(name, (name, "", ",.4g"))
    return f"{value:{form}}{unit}"


def _cards(document: Row) -> list[Card]:
    by_number = {trial["number"]: trial for trial in document["trials"]}
    fits = document["verdict"] == "fits"
    counts = ", ".join(
        f"{count} {word}" for word, count in document["counts"].items() if count and word != "trials"
    )
    lines = [
        ("target", str(document["target_title"])),
        ("trials", f"{document['counts']['trials']} in {document['seconds']:.0f} s: {counts}"),
        *(
            (f"allowed {_LIMITS.get(name, (name,))[0]}", _amount(name, limit))
            for name, limit in document["budget"].items()
        ),
    ]
    if "binding" in document:
        tight = document["binding"]
        lines.append(("what binds", f"{tight['constraint']}: {_amount(tight['constraint'], tight['used'])}"))
    word = str(document["verdict"]) + (" (interrupted: the best so far)" if document["interrupted"] else "")
    cards = [Card(str(document["model"]), Verdict.GOOD if fits else Verdict.BAD, word, tuple(lines))]
    if document.get("winner") is not None:
        cards.append(_trial_card("Winner", by_number[document["winner"]], document, Verdict.GOOD))
    elif "nearest" in document:
        cards.append(_trial_card("Nearest", by_number[document["nearest"]["number"]], document, Verdict.BAD))
    if "reference" in document:
        cards.append(_trial_card("Plain int8", document["reference"], document, Verdict.PLAIN))
    if "published" in document:
        made = document["published"]
        untouched = made["untouched"]
        shown = [
            (key, f"{value:.4f}" if isinstance(value, float) else f"{value:,}")
            for key, value in untouched.items()
        ]
        cards.append(
            Card("On samples nothing was chosen by", Verdict.PLAIN, str(made["agreement"]), tuple(shown))
        )
    return cards


def _trial_card(title: str, trial: Row, document: Row, verdict: Verdict) -> Card:
    cost, limits = trial["cost"], document["budget"]
    meters = tuple(
        Meter(
            _LIMITS[name][0],
            cost[name],
            limits[name],
            f"{_amount(name, cost[name])} of {_amount(name, limits[name])}",
        )
        for name in ("flash", "ram", "ms")
        if name in limits
    )
    lines = [
        (_LIMITS[name][0], _amount(name, cost[name])) for name in ("flash", "ram", "ms") if name not in limits
    ]
    if "score" in trial:
        lines.append(
            (str(document.get("metric") or "score"), f"{trial['score']:.4f} (drop {trial['drop']:+.2%})")
        )
    lines.append(("made with", made_with(trial.get("params", {})) or "nothing but int8"))
    number = f"trial {trial['number']}" if "number" in trial else "before the search"
    return Card(title, verdict, number, tuple(lines), meters)


def _advice(document: Row) -> list[str]:
    found = []
    for one in document.get("gives", ()):
        if isinstance(one, str):
            found.append(one)
        else:
            name = one["constraint"]
            found.append(
                f"It would fit with {_LIMITS.get(name, (name,))[0]} {_amount(name, one['needs'])} instead of "
                f"{_amount(name, one['limit'])} (trial {one['trial']})."
            )
    return found


def _trials(document: Row, run: str | None) -> list[dict[str, Value]]:
    rows: list[dict[str, Value]] = []
    for trial in document["trials"]:
        cost = trial.get("cost") or {}
        rungs = trial.get("rungs") or [{}]
        became = str(trial["state"])
        if trial["number"] == document.get("winner"):
            became = "winner"
        elif trial["state"] == "trained":
            became = "within the budget" if trial.get("feasible") else "over the budget"
        rows.append(
            {
                "name": f"trial {trial['number']}",
                "number": trial["number"],
                "run": run,
                "became": became,
                "score": trial.get("score"),
                "points": None if trial.get("drop") is None else 100 * trial["drop"],
                "part": rungs[-1].get("part"),
                "seconds": trial.get("seconds"),
                "why": trial.get("why"),
                **{key: cost.get(key) for key in ("flash", "ram", "cycles", "ms")},
                **{f"param {key}": str(value) for key, value in trial.get("params", {}).items()},
            }
        )
    return rows


def _columns(documents: Sequence[Row]) -> tuple[Column, ...]:
    """Of the choices only those that were not the same in all trials."""
    tried: dict[str, set[str]] = {}
    for one in documents:
        for trial in one["trials"]:
            for name, choice in trial.get("params", {}).items():
                tried.setdefault(name, set()).add(str(choice))
    varied = [name for name, choices in tried.items() if len(choices) > 1]
    return (*_FIXED, *(Column(f"param {name}", name) for name in varied), Column("why", "why"))


def _front(
    rows: Sequence[Mapping[str, Value]],
    columns: Sequence[Column],
    *,
    x: str,
    axis: str,
    limits: tuple[float | None, float | None] = (None, None),
) -> Chart | None:
    trained = [row for row in rows if row["became"] != "stopped"]
    stopped = [
        {**row, "front": 0} for row in rows if row["became"] == "stopped" and row["points"] is not None
    ]
    marked = [*on_front(trained, x, "points", better=False), *stopped]
    if len(marked) < 2:
        return None
    right, top = limits
    return specs.scatter(
        f"Drop against {axis.split(',')[0]}",
        "Each point a trial that was scored; down and left is better. The "
        "dashed line joins those no other beats; "
        "the red lines are the budget.",
        marked,
        columns,
        name="name",
        x=x,
        y="points",
        axes=(axis, "drop, points"),
        front="front",
        colour="became",
        palette=_PALETTE,
        limits=(right, None if top is None else 100 * top),
    )


def estimate_parts(sources: Sequence[Source]) -> list[str]:
    """Whether architectures can fit at all: the verdict, every form that was weighed, what each
    layer needs.
    """
    parts = []
    for source in sources:
        document = source.document
        good = document["verdict"] != "cannot fit"
        allowed = [
            (f"allowed {_LIMITS.get(name, (name,))[0]}", _amount(name, limit))
            for name, limit in document["budget"].items()
        ]
        about = (("target", str(document["target_title"])), *allowed)
        card = Card(
            str(document["model"]), Verdict.GOOD if good else Verdict.BAD, str(document["verdict"]), about
        )
        forms: list[dict[str, Value]] = [
            {
                "form": form["form"],
                "fits": "fits" if form["fits"] else "does not fit",
                **{
                    key: value
                    for key, value in form.get("cost", {}).items()
                    if isinstance(value, (int, float))
                },
            }
            for form in document["forms"]
        ]
        shown = (
            Column("form", "form"),
            Column("fits", "verdict"),
            *(column for column in _FIXED if column.field in ("flash", "ram", "cycles", "ms")),
        )
        layers = [{**row, "label": f"{place} {row['op']}"} for place, row in enumerate(document["layers"])]
        columns = (
            Column("layer", "layer"),
            Column("op", "operator"),
            Column("flash", "flash, B", ",", ","),
            Column("ram", "arena in use, B", ",", ","),
            Column("cycles", "cycles, modelled", ",", ","),
        )
        charts = [
            specs.nodes(
                f"{title} per layer",
                about_it,
                layers,
                columns,
                name="label",
                value=key,
                axis=axis,
                colour="op",
            )
            for key, title, axis, about_it in (
                ("flash", "Flash", "bytes", "Weights and tables of each layer, exact."),
                ("ram", "Arena", "bytes", "Bytes of the arena in use while the layer runs, exact."),
                ("cycles", "Cycles", "cycles", "Modelled."),
            )
        ]
        inside = [
            card_grid([card]),
            table(shown, forms, caption="Forms that were weighed"),
            *map(chart, charts),
        ]
        parts.append(section(source.name, inside, level=3) if len(sources) > 1 else "".join(inside))
    return parts


def front_chart(document: Row) -> Chart | None:
    """Drop against flash, for a picture by itself."""
    limits = document["budget"].get("flash"), document["budget"].get("drop")
    return _front(
        _trials(document, None), _columns([document]), x="flash", axis="flash, bytes", limits=limits
    )
