"""Zeros shared out to layers, step by step, always where they buy most for what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
"""The sparsities that are tried on every layer."""


def choose_levels(
    values: Mapping[str, Sequence[float]],
    harms: Mapping[str, Sequence[float]],
    weights: Mapping[str, int],
    *,
    sparsity: float = 0.0,
    budget: float = 0.0,
    floor: float = 0.0,
    unit: float = 0.1,
    levels: Sequence[float] = LEVELS,
) -> dict[str, float]:
    """The greedy choice: per layer its price and its harm at 0 and at every level, in; its level, out.

    With a `budget`, until that part of all prices is left; without, until `sparsity` of the weights is zero.
    `unit` is the smallest harm that the scan can see: what is below it must not look free. A step may leap
    over levels, for a little sparsity can cost more than none.
    """
    ladder = (0.0, *levels)
    at = dict.fromkeys(values, 0)
    total = sum(weights.values())
    wanted = sparsity * total
    limit = budget * (floor + sum(row[0] for row in values.values()))

    def zeros() -> float:
        return sum(weights[name] * ladder[place] for name, place in at.items())

    def enough() -> bool:
        if budget:
            return floor + sum(values[name][place] for name, place in at.items()) <= limit
        return zeros() >= wanted - 1e-9 * total

    last: tuple[str, int] | None = None
    while not enough():
        steps = [
            _Step(
                name,
                place,
                gain=max(0.0, values[name][at[name]] - values[name][place]),
                zeros=weights[name] * (ladder[place] - ladder[at[name]]),
                harm=harms[name][place] - harms[name][at[name]] + unit,
            )
            for name in at
            for place in range(at[name] + 1, len(ladder))
        ]
        if not steps:
            break  # all at the highest level
        best = max(steps, key=lambda step: step.rank)  # the first of equals: always the same
        if budget and not best.gain:
            break
        last = (best.name, at[best.name])
        at[best.name] = best.place
    chosen = {name: ladder[place] for name, place in at.items()}
    if last is not None and not budget and zeros() > wanted:
        name, before = last
        enough_here = chosen[name] - (zeros() - wanted) / weights[name]
        chosen[name] = _cut_back(values[name], ladder, before, at[name], enough_here)
    return {name: round(value, 4) for name, value in chosen.items()}


def _cut_back(
    values: Sequence[float], ladder: Sequence[float], before: int, after: int, enough: float
) -> float:
    """The last step need not go all the way, but it must not end where the zeros cost more than they save."""
    if np.interp(enough, ladder, values) < values[before] or values[after] >= values[before]:
        return enough
    paying = (ladder[place] for place in range(before + 1, after + 1) if values[place] < values[before])
    return next(level for level in paying if level >= enough)


@dataclass(frozen=True)
class _Step:
    name: str
    place: int
    gain: float
    zeros: float
    harm: float

    @property
    def rank(self) -> tuple[float, float]:
        """Steps that buy nothing come last, those of most zeros for their harm first."""
        return self.gain / self.harm, self.zeros / self.harm
