"""Which trials no other beats, which is the best within the budget, and which comes nearest to it."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.results.fit import Budget, Nearest, Trial
from tinyml_compress.search.budget import overdraft


def front(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Trained trials that no other equals or beats in drop, time and flash at once, cheapest first."""
    rows = [(trial, values) for trial in trials if (values := trial.objectives) is not None]
    best = [
        trial
        for place, (trial, mine) in enumerate(rows)
        if not any(
            all(o <= m for o, m in zip(other, mine, strict=True)) and (other != mine or rival < place)
            for rival, (_, other) in enumerate(rows)
            if rival != place
        )
    ]
    return tuple(sorted(best, key=lambda trial: (trial.cost.ms if trial.cost else 0.0, trial.number)))


def feasible(trials: Sequence[Trial], budget: Budget) -> tuple[Trial, ...]:
    """Trained trials within every limit."""
    return tuple(
        trial
        for trial in trials
        if trial.cost is not None
        and trial.drop is not None
        and all(over <= 0 for over in overdraft(budget, trial.cost, trial.drop).values())
    )


def winner(trials: Sequence[Trial], budget: Budget) -> Trial | None:
    """Of the feasible ones with the fullest training: the best score where costs are limited, else the
    fastest.
    """
    fitting = feasible(trials, budget)
    if not fitting:
        return None
    fullest = max(trial.part for trial in fitting)
    return min(
        (trial for trial in fitting if trial.part == fullest), key=lambda trial: _preference(trial, budget)
    )


def _preference(trial: Trial, budget: Budget) -> tuple[float, ...]:
    assert trial.cost is not None
    assert trial.drop is not None
    if budget.limits_cost:
        return (trial.drop, trial.cost.ms, trial.cost.flash, trial.number)
    return (trial.cost.ms, trial.cost.flash, trial.drop, trial.number)


def nearest(trials: Sequence[Trial], budget: Budget) -> Nearest | None:
    """The trial that misses the budget by least in its worst limit, and by how much it misses each.

    A point of score weighs as much as a tenth of a cost limit. Trials that were never trained count only
    when no trained one is there.
    """
    known = [trial for trial in trials if trial.cost is not None]
    rows = [trial for trial in known if trial.drop is not None] or known
    if not rows:
        return None

    def missed(trial: Trial) -> dict[str, float]:
        return {name: over for name, over in overdraft(budget, trial.cost, trial.drop).items() if over > 0}

    def worst(trial: Trial) -> tuple[float, float, int]:
        weighed = [over * 10 if name == "drop" else over for name, over in missed(trial).items()]
        return max(weighed, default=0.0), sum(weighed), trial.number

    best = min(rows, key=worst)
    return Nearest(number=best.number, over=missed(best))
