"""A budget search on a page: the verdict, the front, every trial, what was left out, the way to make it
again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tinyml_compress.rendering.fit_text import made_with
from tinyml_compress.rendering.page import specs
from tinyml_compress.rendering.page.html import (
    Card,
    Chart,
    Mark,
    Meter,
    Property,
    Value,
    card_grid,
    chart,
    note,
    section,
    table,
)
from tinyml_compress.rendering.page.models import on_front
from tinyml_compress.rendering.page.shell import PageSource
from tinyml_compress.results import Budget, Cost, Estimate, Fit, Trial, decoded
from tinyml_compress.results.base import plain
from tinyml_compress.results.fit import Outcome

_LIMITS = {
    "flash": ("flash", " B", ",.0f"),
    "ram": ("RAM", " B", ",.0f"),
    "ms": ("time", " ms", ".4g"),
    "drop": ("drop", "", ".2%"),
}
_FIXED = (
    Property("number", "trial", "d", "d"),
    Property("run", "run"),
    Property("became", "became"),
    Property("score", "score", ".4f", ".4f"),
    Property("points", "drop, points", "+.2f", "+.2f"),
    Property("flash", "flash, B", ",", ","),
    Property("ram", "RAM, B", ",", ","),
    Property("cycles", "cycles, modelled", ",", ","),
    Property("ms", "ms, modelled", ".4g", ".4~g"),
    Property("part", "of the full training", ".0%", ".0%"),
    Property("seconds", "seconds it took", ".1f", ".1f"),
)


_PALETTE = {
    "winner": "var(--c5)",
    "within the budget": "var(--good)",
    "over the budget": "var(--c2)",
    "stopped": "var(--c7)",
}


def fit_parts(sources: Sequence[PageSource]) -> list[str]:
    """Searches, one below the other; several are drawn into one front first."""
    results = [(source.name, decoded(Fit, source.document)) for source in sources]
    if len(results) == 1:
        return [part for part in _one(results[0][1]) if part]
    rows = [row for name, result in results for row in _trials(result, name)]
    columns = _columns([result for _, result in results])
    fronts = [_front(rows, columns, x=x, axis=axis) for x, axis in (("flash", "flash, bytes"), ("ms", "ms"))]
    return [*map(chart, fronts), *(section(name, _one(result), level=3) for name, result in results)]


def _one(fit: Fit) -> list[str]:
    rows, columns, budget = _trials(fit, None), _columns([fit]), fit.budget
    charts = [
        _front(rows, columns, x=x, axis=axis, limits=(limit, budget.drop))
        for x, axis, limit in (
            ("flash", "flash, bytes", budget.flash),
            ("ms", "ms, modelled", budget.ms),
            ("ram", "RAM, bytes", budget.ram),
        )
    ]
    named = (Property("name", "choice"), Property("text", "what it is"), Property("choices", "tried among"))
    dimensions: list[dict[str, Value]] = [
        {"name": one.name, "text": one.text, "choices": ", ".join(map(str, one.choices))}
        for one in fit.dimensions
    ]
    left: list[dict[str, Value]] = [{"name": one.name, "why": one.why} for one in fit.left_out]
    commands: list[dict[str, Value]] = [
        {"command": one} for one in (() if fit.published is None else fit.published.commands)
    ]
    return [
        card_grid(_cards(fit)),
        *map(note, _advice(fit)),
        *map(chart, charts),
        table(columns, rows, caption="All trials"),
        table(named, dimensions, caption="What was searched"),
        table((Property("name", "left out"), Property("why", "why")), left, caption="What was not searched"),
        table((Property("command", "makes the winner again without the search"),), commands),
    ]


def _amount(name: str, value: float) -> str:
    _, unit, form = _LIMITS.get(name, (name, "", ",.4g"))
    return f"{value:{form}}{unit}"


def _allowed(budget: Budget) -> list[tuple[str, str]]:
    limits = budget.limits().items()
    return [(f"allowed {_LIMITS[name][0]}", _amount(name, limit)) for name, limit in limits]


def _cards(fit: Fit) -> list[Card]:
    counts = ", ".join(f"{count} {word}" for word, count in fit.counts.items() if count and word != "trials")
    lines = [
        ("target", fit.target_title),
        ("trials", f"{fit.counts['trials']} in {fit.seconds:.0f} s: {counts}"),
        *_allowed(fit.budget),
    ]
    if fit.binding is not None:
        name = fit.binding.constraint
        lines.append(("what binds", f"{name}: {_amount(name, fit.binding.used)}"))
    word = fit.verdict + (" (interrupted: the best so far)" if fit.interrupted else "")
    cards = [Card(fit.model, Mark.GOOD if fit.verdict == "fits" else Mark.BAD, word, tuple(lines))]
    if fit.best is not None:
        cards.append(_trial_card("Winner", fit.best, fit, Mark.GOOD))
    elif fit.nearest is not None:
        cards.append(_trial_card("Nearest", fit.trial(fit.nearest.number), fit, Mark.BAD))
    if fit.reference is not None:
        one = fit.reference
        score = f"{one.score:.4f} (drop {one.drop:+.2%})"
        lines = [*_used(one.cost, fit.budget), (fit.metric, score), ("made with", "nothing but int8")]
        meters = _meters(one.cost, fit.budget)
        cards.append(Card("Plain int8", Mark.PLAIN, "before the search", tuple(lines), meters))
    if fit.published is not None:
        shown = [
            (key, f"{value:.4f}" if isinstance(value, float) else f"{value:,}")
            for key, value in plain(fit.published.untouched).items()
        ]
        title = "On samples nothing was chosen by"
        cards.append(Card(title, Mark.PLAIN, fit.published.agreement, tuple(shown)))
    return cards


def _trial_card(title: str, trial: Trial, fit: Fit, verdict: Mark) -> Card:
    assert trial.cost is not None
    lines = _used(trial.cost, fit.budget)
    if trial.score is not None and trial.drop is not None:
        lines.append((fit.metric or "score", f"{trial.score:.4f} (drop {trial.drop:+.2%})"))
    lines.append(("made with", made_with(trial.point) or "nothing but int8"))
    meters = _meters(trial.cost, fit.budget)
    return Card(title, verdict, f"trial {trial.number}", tuple(lines), meters)


def _meters(cost: Cost, budget: Budget) -> tuple[Meter, ...]:
    """How much of each limit is used."""
    return tuple(
        Meter(_LIMITS[name][0], used, limit, f"{_amount(name, used)} of {_amount(name, limit)}")
        for name, limit in budget.limits().items()
        if (used := getattr(cost, name, None)) is not None
    )


def _used(cost: Cost, budget: Budget) -> list[tuple[str, str]]:
    """What is used of what has no limit."""
    free = (name for name in ("flash", "ram", "ms") if name not in budget.limits())
    return [(_LIMITS[name][0], _amount(name, getattr(cost, name))) for name in free]


def _advice(fit: Fit) -> Iterator[str]:
    for one in fit.gives or ():
        name = one.constraint
        needs = f"{_LIMITS[name][0]} {_amount(name, one.needs)} instead of {_amount(name, one.limit)}"
        yield f"It would fit with {needs} (trial {one.trial})."


def _trials(fit: Fit, run: str | None) -> list[dict[str, Value]]:
    rows: list[dict[str, Value]] = []
    for trial in fit.trials:
        became = trial.outcome.value
        if trial.number == fit.winner:
            became = "winner"
        elif trial.outcome is Outcome.TRAINED:
            became = "within the budget" if trial.feasible else "over the budget"
        rows.append(
            {
                "name": f"trial {trial.number}",
                "number": trial.number,
                "run": run,
                "became": became,
                "score": trial.score,
                "points": None if trial.drop is None else 100 * trial.drop,
                "part": trial.rungs[-1].part if trial.rungs else None,
                "seconds": trial.seconds,
                "why": trial.why,
                **_costs(trial.cost),
                **{f"param {key}": str(value) for key, value in trial.point.items()},
            }
        )
    return rows


def _costs(cost: Cost | None) -> dict[str, Value]:
    ways = {"flash": "flash", "ram": "ram", "cycles": "main_cycles", "ms": "ms"}
    return {key: getattr(cost, name, None) for key, name in ways.items()}


def _columns(results: Sequence[Fit]) -> tuple[Property, ...]:
    """Of the choices only those that were not the same in all trials."""
    tried: dict[str, set[str]] = {}
    for trial in (trial for result in results for trial in result.trials):
        for name, choice in trial.point.items():
            tried.setdefault(name, set()).add(str(choice))
    varied = [name for name, choices in tried.items() if len(choices) > 1]
    return (*_FIXED, *(Property(f"param {name}", name) for name in varied), Property("why", "why"))


def _front(
    rows: Sequence[Mapping[str, Value]],
    columns: Sequence[Property],
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


def estimate_parts(sources: Sequence[PageSource]) -> list[str]:
    """Whether architectures can fit at all: the verdict, every form that was weighed, what each
    layer needs.
    """
    parts = []
    for source in sources:
        inside = _estimate(decoded(Estimate, source.document))
        parts.append(section(source.name, inside, level=3) if len(sources) > 1 else "".join(inside))
    return parts


def _estimate(estimate: Estimate) -> list[str]:
    about = (("target", estimate.target_title), *_allowed(estimate.budget))
    verdict = Mark.BAD if estimate.verdict == "cannot fit" else Mark.GOOD
    forms: list[dict[str, Value]] = [
        {"form": form.name, "fits": "fits" if form.fits else "does not fit", **_costs(form.cost)}
        for form in estimate.forms
    ]
    shown = (
        Property("form", "form"),
        Property("fits", "verdict"),
        *(column for column in _FIXED if column.field in ("flash", "ram", "cycles", "ms")),
    )
    layers = [{**plain(row), "label": f"{place} {row.op}"} for place, row in enumerate(estimate.layers)]
    columns = (
        Property("layer", "layer"),
        Property("op", "operator"),
        Property("flash", "flash, B", ",", ","),
        Property("ram", "arena in use, B", ",", ","),
        Property("cycles", "cycles, modelled", ",", ","),
    )
    charts = [
        specs.nodes(
            f"{title} per layer", text, layers, columns, name="label", value=key, axis=axis, colour="op"
        )
        for key, title, axis, text in (
            ("flash", "Flash", "bytes", "Weights and tables of each layer, exact."),
            ("ram", "Arena", "bytes", "Bytes of the arena in use while the layer runs, exact."),
            ("cycles", "Cycles", "cycles", "Modelled."),
        )
    ]
    return [
        card_grid([Card(estimate.model, verdict, estimate.verdict, about)]),
        table(shown, forms, caption="Forms that were weighed"),
        *map(chart, charts),
    ]


def front_chart(fit: Fit) -> Chart | None:
    """Drop against flash, for a picture by itself."""
    limits = fit.budget.flash, fit.budget.drop
    return _front(_trials(fit, None), _columns([fit]), x="flash", axis="flash, bytes", limits=limits)
