"""Weights on the steps that integers have: each at its nearest step, or all of a row together so that the
outputs come near.

The error of a layer's outputs is a quadratic in its weights (`_second_order.py`). The nearest steps are the
best ones only where no two inputs go together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.techniques._second_order import Quadratic

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_SWEEPS = 20
_WORK = 3e10
"""Multiplications that the descent of one layer may take; two sweeps it always has."""


def rounded(kernel: Floats, bits: int) -> Floats:
    """Rows on the steps that integers of so many bits have, one scale per row, zero at zero."""
    most = 2 ** (bits - 1) - 1
    scale = np.abs(kernel).max(axis=1, keepdims=True) / most
    steps = np.divide(kernel, scale, out=np.zeros_like(kernel), where=scale > 0)
    return np.asarray(np.clip(np.round(steps), -most, most) * scale)


@dataclass(frozen=True, eq=False)
class Grid:
    """What weights may be: a few levels, times a scale per row."""

    levels: Floats
    """Rising."""
    scales: Floats
    """(rows,); 0 where a row is all zero."""
    fixed: Mask | None = None
    """(rows, inputs): weights that stay where they are. What converts the weights later makes its scale from
    the largest of a row, so that one has to stay."""

    def nearest(self, weights: Floats) -> Floats:
        """Every weight at its nearest level."""
        return self._placed(weights, self.scales[:, None])

    def column(self, weights: Floats, place: int, before: Floats) -> Floats:
        """One weight of every row at its nearest level, those that stay as `before` has them."""
        placed = self._placed(weights, self.scales)
        return placed if self.fixed is None else np.where(self.fixed[:, place], before, placed)

    def _placed(self, weights: Floats, scales: Floats) -> Floats:
        unit = np.divide(weights, scales, out=np.zeros_like(weights), where=scales > 0)
        middles = (self.levels[1:] + self.levels[:-1]) / 2
        return np.asarray(self.levels[np.searchsorted(middles, unit)] * scales)


def on_grid(problem: Quadratic, weights: Floats, grid: Grid) -> Floats:
    """Weights on the grid that make the problem's loss small: the better, row by row, of two ways to begin,
    each followed by a descent weight by weight.

    One begins with every weight at its nearest level, the other rounds one after the other, the rest making
    up for each as well as it can (GPTQ, Frantar et al., 2023). The descent ends where no single weight can
    move to a better level.
    """
    nearest = grid.nearest(weights)
    nearest = nearest if grid.fixed is None else np.where(grid.fixed, weights, nearest)
    ways = [_descended(problem, start, grid) for start in (nearest, _with_feedback(problem, weights, grid))]
    losses = np.stack([problem.loss(way) for way in ways])
    return np.asarray(np.where((losses[1] < losses[0])[:, None], ways[1], ways[0]))


def _with_feedback(problem: Quadratic, weights: Floats, grid: Grid) -> Floats:
    """Round column by column, the most felt first; what a column's error costs is taken over by the columns
    to come.
    """
    order = np.argsort(-np.diag(problem.hessian), kind="stable")
    hessian = problem.hessian[np.ix_(order, order)]
    # row i of the factor says how the columns behind i make up for an error in i, those before it being fixed
    upper = np.linalg.cholesky(np.linalg.inv(hessian)).T
    free = np.linalg.solve(problem.hessian, problem.cross.T).T[:, order]
    result = np.zeros_like(free)
    for place, column in enumerate(order):
        result[:, place] = grid.column(free[:, place], int(column), weights[:, column])
        error = (free[:, place] - result[:, place]) / upper[place, place]
        free[:, place:] -= error[:, None] * upper[place, place:]
    return np.asarray(result[:, np.argsort(order)])


def _descended(problem: Quadratic, weights: Floats, grid: Grid) -> Floats:
    """Move weight after weight to its best level, the others staying, until none moves."""
    weights = weights.copy()
    rows, inputs = weights.shape
    slope = weights @ problem.hessian - problem.cross
    steepness = np.maximum(np.diag(problem.hessian), 1e-30)
    for _ in range(int(np.clip(_WORK / max(1.0, rows * float(inputs) ** 2), 2, _SWEEPS))):
        moved = False
        for place in range(inputs):
            now = weights[:, place]
            better = grid.column(now - slope[:, place] / steepness[place], place, now)
            if np.array_equal(better, now):
                continue
            slope += (better - now)[:, None] * problem.hessian[place]
            weights[:, place] = better
            moved = True
        if not moved:
            break
    return weights


@dataclass(frozen=True, eq=False)
class Centred:
    """A problem without the column of its bias, which is the best one for whatever the weights are."""

    problem: Quadratic
    _means: Floats
    _targets: Floats
    _weight: float

    @classmethod
    def of(cls, problem: Quadratic) -> Centred:
        """The last column is the bias."""
        hessian, cross = problem.hessian, problem.cross
        means, weight, targets = hessian[:-1, -1], float(hessian[-1, -1]), cross[:, -1]
        inner = Quadratic(
            hessian[:-1, :-1] - np.outer(means, means) / weight,
            cross[:, :-1] - np.outer(targets, means) / weight,
            problem.energy - targets**2 / weight,
        )
        return cls(inner, means, targets, weight)

    def with_bias(self, weights: Floats) -> Floats:
        """The weights, and behind them the bias that suits them."""
        bias = (self._targets - weights @ self._means) / self._weight
        return np.concatenate([weights, bias[:, None]], axis=1)
