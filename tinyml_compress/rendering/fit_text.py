"""A budget search in the terminal: the verdict, the Pareto table, what binds, what would have to give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.results import Budget, Cost, Estimate, Fit, Form, Trial
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Cell, Column, Noted, Row, Table, facts

Fact = tuple[str, Cell]
_MOST = 20
_NAMES = {"flash": "flash", "ram": "RAM", "ms": "time", "drop": "drop"}


@shows(Fit)
def fit_blocks(fit: Fit) -> list[Block]:
    """Verdict, Pareto front, what binds, what would have to give."""
    head: list[Fact] = [
        ("fit", f"{fit.model} on {fit.target_title}, data {fit.data}, seed {fit.seed}"),
        ("budget", _limits(fit.budget) or "not known yet"),
        ("trials", _counts(fit)),
    ]
    if fit.float_model is not None:
        one = fit.float_model
        told = f"{_score(one.score, fit)} ({one.metric}, {one.samples[0]:,} samples to choose by)"
        head.append(("float", told))
    if fit.reference is not None:
        reference = fit.reference
        head.append(("int8", f"{_score(reference.score, fit)}, {_cost(reference.cost)}"))
    head += [("left out", f"{row.name}: {row.why}") for row in fit.left_out]
    verdict = _missed(fit) if fit.best is None else _won(fit, fit.best)
    return [facts(head), "", _front(fit), "", *verdict]


def _limits(budget: Budget) -> str:
    return ", ".join(f"{_NAMES[name]} {_amount(name, limit)}" for name, limit in budget.limits().items())


def _counts(fit: Fit) -> str:
    counts = fit.counts
    parts = [
        f"{counts[name]} {name}" for name in ("trained", "hopeless", "stopped", "failed") if counts.get(name)
    ]
    back = f", {counts['lost']} taken up again after a crash" if counts.get("lost") else ""
    early = "; interrupted, best so far" if fit.interrupted else ""
    return f"{counts['trials']}: {', '.join(parts) or 'none ended'}{back} in {fit.seconds:.0f} s{early}"


def _front(fit: Fit) -> Block:
    if not fit.front:
        return "no trial was trained"
    columns = (
        Column("trial", "{:d}"),
        Column("verdict"),
        Column("score", right=True),
        Column("drop", "{:+.2f}"),
        Column("flash B", "{:,}"),
        Column("RAM B", "{:,}", priority=1),
        Column("cycles", "{:,}", priority=4),
        Column("ms", "{:.2f}"),
        Column("trained", "{:.0%}", priority=3),
        Column("what", prose=True, priority=2),
    )
    rows = tuple(_trial(fit.trial(number), fit) for number in fit.front[:_MOST])
    more = len(fit.front) - _MOST
    title = "Pareto front of drop, time and flash (bytes exact, cycles modelled)"
    return Table(columns, rows, title, (f"and {more} more in fit.json",) if more > 0 else (), indent=2)


def _trial(trial: Trial, fit: Fit) -> Row:
    cost, score, drop = trial.cost, trial.score, trial.drop
    return (
        trial.number,
        "winner" if trial.number == fit.winner else "fits" if trial.feasible else "over",
        None if score is None else _score(score, fit),
        None if drop is None else drop * 100,
        *((None,) * 4 if cost is None else (cost.flash, cost.ram, cost.main_cycles, cost.ms)),
        trial.part,
        made_with(trial.point),
    )


def made_with(params: Mapping[str, Any]) -> str:
    """What a trial does to the model, in words; what is off is not told."""
    off = {
        "keep": 1.0, "narrow": "channels", "scope": "layer", "low_rank": 1.0, "sparsity": 0.0, "pattern": "",
        "teach": 0.0, "clusters": 0, "qat": False, "mode": "int8", "wide": 0, "care": "plain",
        "weight_bits": 8,
    }  # fmt: skip
    parts = []
    for name, value in params.items():
        if name in off and value == off[name]:
            continue
        parts.append("qat" if name == "qat" else f"{name} {value}")
    return ", ".join(parts)


def _won(fit: Fit, best: Trial) -> list[Block]:
    assert best.cost is not None
    assert best.score is not None
    rows: list[Fact] = [("FITS", f"trial {best.number}: {_score(best.score, fit)}, {_cost(best.cost)}")]
    if fit.binding is not None:
        name, used, limit = fit.binding.constraint, fit.binding.used, fit.binding.limit
        rows.append(("binding", f"{_NAMES[name]}: {_amount(name, used)} of {_amount(name, limit)}"))
    if fit.published is None:
        return [facts(rows)]
    published, apart = fit.published, fit.published.untouched
    text = (
        f"{_score(apart.score, fit)} after {_score(apart.before, fit)} of the float model "
        f"({-apart.drop * 100:+.2f} points) on {apart.samples:,} samples that nothing was chosen by"
    )
    rows += [("untouched", text), ("checked", published.agreement)]
    return [facts(rows), *(f"again      {command}" for command in published.commands)]


def _missed(fit: Fit) -> list[Block]:
    rows: list[Fact] = []
    if fit.nearest is not None:
        over = ", ".join(
            f"{_NAMES[name]} by {excess * 100:.1f} points"
            if name == "drop"
            else f"{_NAMES[name]} by {excess:.0%}"
            for name, excess in fit.nearest.over.items()
        )
        rows.append(("nearest", f"trial {fit.nearest.number}{f' is over the {over}' if over else ''}"))
    for row in fit.gives or ():
        name = row.constraint
        needs = f"{_NAMES[name]} {_amount(name, row.needs)} instead of {_amount(name, row.limit)}"
        rows.append(("to give", f"{needs}, all else as asked (trial {row.trial})"))
    if fit.verdict == "does not fit" and not fit.gives:
        rows.append(("to give", "more than one limit: no trial keeps all but one of them"))
    head = "DOES NOT FIT" if fit.verdict == "does not fit" else "NOTHING JUDGED"
    return [head, facts(rows)] if rows else [head]


def _amount(name: str, value: float) -> str:
    if name == "ms":
        return f"{value:.2f} ms"
    return f"{value * 100:.1f} points" if name == "drop" else f"{value:,.0f} B"


def _score(value: float, fit: Fit) -> str:
    return ScoreKind(fit.metric).shown(value)


def _cost(cost: Cost) -> str:
    energy = "" if cost.mj is None else f", {cost.mj:.3g} mJ"
    return f"flash {cost.flash:,} B, RAM {cost.ram:,} B, {_cycles(cost)}, {cost.ms:.2f} ms{energy}"


def _cycles(cost: Cost) -> str:
    npu = "" if cost.npu_cycles is None else f"{cost.npu_cycles:,} cycles of the NPU, "
    return f"{npu}{cost.cycles:,} cycles{' of the core' if npu else ''}"


@shows(Estimate)
def estimate_blocks(estimate: Estimate) -> list[Block]:
    """What every form needs, and which layers are to blame."""
    model = f"{estimate.model} as int8 on {estimate.target_title}, calibrated with {estimate.samples}"
    columns = (
        Column("form"),
        Column("flash B", "{:,}", absent="-"),
        Column("RAM B", "{:,}", priority=1, absent="-"),
        Column("cycles", "{:,}", priority=2, absent="-"),
        Column("ms", "{:.2f}", absent="-"),
        Column("verdict", prose=True),
    )
    verdict = f"{estimate.verdict}; accuracy is another question: `fit` answers it by training"
    return [
        facts([("estimate", model), ("budget", _limits(estimate.budget) or "the board itself")]),
        "",
        Table(columns, tuple(map(_form, estimate.forms)), indent=2),
        "",
        facts([("verdict", verdict), *_blamed(estimate)]),
    ]


def _form(form: Form) -> Row:
    cost = form.cost
    numbers = (None,) * 4 if cost is None else (cost.flash, cost.ram, cost.main_cycles, cost.ms)
    over = ", ".join(f"{_NAMES[name]} by {excess:.0%}" for name, excess in form.over.items())
    verdict = f"over: {over}" if over else "fits"
    return (form.name, *numbers, Noted("not known", form.why) if form.why else verdict)


def _blamed(estimate: Estimate) -> Iterator[Fact]:
    """The layers that most of each scarce thing goes to."""
    for name, layers in estimate.needs().items():
        key, unit = ("cycles", "cycles") if name == "ms" else (name, "B")
        if layers:
            told = ", ".join(f"{layer.layer} {getattr(layer, key):,} {unit}" for layer in layers)
            yield _NAMES[name], f"mostly {told}"
