"""What a study knows, and what follows from its trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from tinyml_compress.pipeline.fit.job import FitRequest
from tinyml_compress.results.base import Value
from tinyml_compress.results.fit import (
    Binding,
    Budget,
    Fit,
    FloatModel,
    Give,
    LeftOut,
    Outcome,
    Reference,
    Searched,
    Trial,
)
from tinyml_compress.search.budget import binding, overdraft
from tinyml_compress.search.front import feasible, front, nearest, winner
from tinyml_compress.search.study import Study

_SHOWN = (Outcome.TRAINED, Outcome.HOPELESS, Outcome.STOPPED, Outcome.FAILED)


class Facts(Value, frozen=True, kw_only=True):
    """What the processes of a search tell one another by the study."""

    float_model: FloatModel | None = msgspec.field(name="float", default=None)
    reference: Reference | None = None
    budget: Budget = Budget()
    space: tuple[Searched, ...] | None = None
    """Absent until all of them are known."""
    left_out: tuple[LeftOut, ...] = ()
    sensitive: tuple[tuple[str, ...], ...] = ()
    """Layers that keep a value in int16, the worst first."""

    @classmethod
    def of(cls, study: Study) -> Facts:
        """All that is known so far."""
        noted = {field.encode_name: study.noted(field.encode_name) for field in msgspec.structs.fields(cls)}
        return msgspec.convert({key: fact for key, fact in noted.items() if fact is not None}, cls)


def result_of(
    job: FitRequest, title: str, facts: Facts, trials: Sequence[Trial], folder: Path, seconds: float
) -> Fit:
    """The search so far; trials under way when it ended are not among its trials."""
    within = {trial.number for trial in feasible(trials, facts.budget)}
    ended = tuple(
        replace(trial, feasible=trial.number in within, seconds=round(trial.seconds, 1))
        for trial in trials
        if trial.outcome in _SHOWN
    )
    best = winner(ended, facts.budget)
    tight = None if best is None or best.cost is None else binding(facts.budget, best.cost, best.drop)
    counts = Counter(trial.outcome for trial in trials)
    judged = "does not fit" if any(trial.cost is not None for trial in ended) else "nothing judged"
    return Fit(
        model=job.model,
        data=job.data,
        target=job.target,
        target_title=title,
        seed=job.seed,
        metric="" if facts.float_model is None else facts.float_model.metric,
        budget=facts.budget,
        float_model=facts.float_model,
        reference=facts.reference,
        verdict=judged if best is None else "fits",
        interrupted=False,
        seconds=round(seconds, 1),
        storage=job.shown_storage,
        study=job.study,
        counts={
            "trials": len(ended),
            **{one.value: counts[one] for one in _SHOWN},
            "twins": counts[Outcome.TWIN],
            "lost": counts[Outcome.LOST],
        },
        dimensions=facts.space or (),
        left_out=facts.left_out,
        trials=ended,
        front=tuple(trial.number for trial in front(ended)),
        winner=None if best is None else best.number,
        folder=folder,
        **(_missed(ended, facts.budget) if best is None else {"binding": tight}),
    )


def _missed(trials: Sequence[Trial], budget: Budget) -> dict[str, Any]:
    """What comes nearest, what is in its way, and what would have to give."""
    missed = nearest(trials, budget)
    if missed is None:
        return {}
    telling = {"nearest": missed, "gives": gives(trials, budget)}
    if not missed.over:
        return telling
    worst = max(missed.over, key=lambda name: missed.over[name] * (10 if name == "drop" else 1))
    trial = next(trial for trial in trials if trial.number == missed.number)
    used = float(trial.drop or 0.0) if worst == "drop" else float(getattr(trial.cost, worst))
    return {**telling, "binding": Binding(constraint=worst, used=used, limit=budget.limits()[worst])}


def gives(trials: Sequence[Trial], budget: Budget) -> tuple[Give, ...]:
    """Per limit that alone is in the way of some trained trial: what the cheapest of those needs."""
    needs = []
    for name, limit in budget.limits().items():
        rows = []
        for trial in trials:
            if trial.cost is None or trial.drop is None:
                continue
            over = overdraft(budget, trial.cost, trial.drop)
            if all(excess <= 0 for other, excess in over.items() if other != name):
                used = trial.drop if name == "drop" else float(getattr(trial.cost, name))
                rows.append((used, trial.number))
        if rows:
            used, number = min(rows)
            needs.append(Give(constraint=name, limit=limit, needs=used, trial=number))
    return tuple(needs)
