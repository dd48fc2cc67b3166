"""Least squares with zeros: which weights of a linear map can go, and what the others must then be.

A layer's output row is w·x. Over calibration samples, with the inputs x that the compressed model sees and
the outputs y that the uncompressed model gave, its squared error is a quadratic in w: w'Hw - 2cw + e, with H
the mean of xx', c that of yx', e that of y². Removing the weight whose loss is least, re-solving for the
rest, and so on, is Optimal Brain Surgeon (Hassibi and Stork, 1993); done row by row it is exact for this
quadratic (Optimal Brain Compression, Frantar and Alistarh, 2022). Where the rows are too long for that, many
weights go at once, in rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BYTES = 256 << 20
"""The inverse Hessians that are worked on at once may take this much memory."""
_EXACT = 3e9
"""Rows times the cube of their length, up to which every row is taken apart weight by weight."""
_DIRECT = 2e11
"""The same for solving rows one by one; beyond it all are solved together, step by step."""
_DAMPING = 1e-3
"""Of the Hessian's mean diagonal: few samples must not carry the weights away from where they were."""
_ROUNDS = 8
_STEPS = 60


@dataclass(frozen=True, eq=False)
class Quadratic:
    """The squared error of some linear maps that share their inputs, as a function of their weights."""

    hessian: Floats
    """(inputs, inputs)."""
    cross: Floats
    """(rows, inputs)."""
    energy: Floats
    """(rows,): the error of weights that are all zero."""

    def damped(self, weights: Floats, damping: float = _DAMPING) -> Quadratic:
        """With a pull towards `weights`, as strong as this part of the Hessian's mean diagonal."""
        diagonal = np.diag(self.hessian)
        pull = max(float(diagonal.mean()) * damping, 1e-12)
        energy = self.energy + pull * (weights**2).sum(axis=1)
        return Quadratic(self.hessian + pull * np.eye(len(diagonal)), self.cross + pull * weights, energy)

    def loss(self, weights: Floats) -> Floats:
        """Per row."""
        bent = ((weights @ self.hessian) * weights).sum(axis=1)
        return np.asarray(bent - 2 * (weights * self.cross).sum(axis=1) + self.energy)


@dataclass(frozen=True, eq=False)
class RemovalOrder:
    """Per row in which order its units (weights, or blocks of them) go, and what each costs beyond the ones
    before.
    """

    order: Ints
    """(rows, steps): numbers of units."""
    costs: Floats
    """(rows, steps): never falling along a row, so that a cut through all of them takes the first ones of
    each.
    """

    def kept(self, units: int, removed: int, scale: Floats) -> Mask:
        """(rows, units), true where a unit stays, when the `removed` cheapest of all rows go; `scale` weighs
        rows.
        """
        flat = np.argsort(self.costs * scale[:, None], axis=None, kind="stable")[:removed]
        rows, steps = np.unravel_index(flat, self.costs.shape)
        kept = np.ones((len(self.order), units), bool)
        kept[rows, self.order[rows, steps]] = False
        return kept


@dataclass(frozen=True, eq=False)
class Pruner:
    """Prunes one problem to any number of zeros; what does not depend on the number is worked out once."""

    problem: Quadratic
    units: Ints
    """Per input the unit that goes or stays as one; -1 for inputs that always stay, such as a bias."""
    scale: Floats
    """How much each row's error counts against the others'."""
    group: int = 0
    zeros: int = 0
    """Of every `group` neighbouring units at most so many go; 0: any unit may."""

    @property
    def size(self) -> int:
        """Units in a row."""
        return int(self.units.max()) + 1

    def weights(self, part: float) -> Floats:
        """The best weights with this part of the units zero; with groups, with the groups' zeros."""
        rows, inputs = self.problem.cross.shape
        removed = round(part * rows * self.size)
        if rows * float(inputs) ** 3 > _EXACT and not self.group:
            units = _kept_in_rounds(
                self.problem, self.units, self.size, removed / (rows * self.size), self.scale
            )
        else:
            removed = self._removal.costs.size if self.group else removed
            units = self._removal.kept(self.size, removed, self.scale)
        return least_squares(self.problem, _spread(units, self.units))

    @cached_property
    def _removal(self) -> RemovalOrder:
        return removal_order(self.problem, self.units, group=self.group, zeros=self.zeros)


def removal_order(problem: Quadratic, units: Ints, *, group: int = 0, zeros: int = 0) -> RemovalOrder:
    """Remove unit after unit from every row, always the one that costs least, the others
    re-solved each time.
    """
    rows, inputs = problem.cross.shape
    size = int(units.max()) + 1
    steps = size // group * zeros if group else size
    order, costs = np.empty((rows, steps), np.int64), np.empty((rows, steps))
    inverse = np.linalg.inv(problem.hessian)
    inverse = (inverse + inverse.T) / 2
    members = [np.flatnonzero(units == unit) for unit in range(size)]
    at_once = max(1, _BYTES // (8 * inputs * inputs))
    for start in range(0, rows, at_once):
        part = slice(start, start + at_once)
        order[part], costs[part] = _remove(inverse, problem.cross[part], members, steps, group, zeros)
    return RemovalOrder(order, np.maximum.accumulate(costs, axis=1))


def _remove(
    inverse: Floats, cross: Floats, members: list[Ints], steps: int, group: int, zeros: int
) -> tuple[Ints, Floats]:
    """`removal_order` for as many rows as fit into memory."""
    rows, inputs = cross.shape
    weights = cross @ inverse
    inverses = np.broadcast_to(inverse, (rows, inputs, inputs)).copy()
    order, costs = np.empty((rows, steps), np.int64), np.empty((rows, steps))
    gone = np.zeros((rows, len(members)), bool)
    whole = len(members) // group * group if group else 0
    every, widest = np.arange(rows), max(map(len, members))
    for step in range(steps):
        price = _prices(weights, inverses, members, widest)
        price[gone] = np.inf
        if group:
            full = gone[:, :whole].reshape(rows, -1, group).sum(axis=2) >= zeros
            price[:, :whole][np.repeat(full, group, axis=1)] = np.inf
            price[:, whole:] = np.inf
        unit = price.argmin(axis=1)
        order[:, step], costs[:, step] = unit, price[every, unit]
        gone[every, unit] = True
        for lane in range(widest):
            _eliminate(
                weights, inverses, [members[one][lane] if lane < len(members[one]) else -1 for one in unit]
            )
    return order, costs


def _prices(weights: Floats, inverses: Floats, members: list[Ints], widest: int) -> Floats:
    """Per row and unit what its removal costs."""
    if widest == 1:
        places = np.concatenate(members)
        return np.asarray(weights[:, places] ** 2 / np.maximum(inverses[:, places, places], 1e-30))
    return np.stack([_block_price(weights, inverses, places) for places in members], axis=1)


def _block_price(weights: Floats, inverses: Floats, places: Ints) -> Floats:
    parts = inverses[:, places[:, None], places[None, :]] + 1e-30 * np.eye(len(places))
    values = weights[:, places]
    return np.asarray((values * np.linalg.solve(parts, values[:, :, None])[:, :, 0]).sum(axis=1))


def _eliminate(weights: Floats, inverses: Floats, places: list[int]) -> None:
    """Set one weight of each row to zero, the others being the best given that; -1: nothing to do in this
    row.
    """
    at = np.asarray(places)
    live = np.flatnonzero(at >= 0)
    at = at[live]
    column = inverses[live, :, at]
    pivot = np.maximum(inverses[live, at, at], 1e-30)
    weights[live] -= (weights[live, at] / pivot)[:, None] * column
    inverses[live] -= column[:, :, None] * (column / pivot[:, None])[:, None, :]
    weights[live, at] = 0.0
    inverses[live, at, :] = 0.0
    inverses[live, :, at] = 0.0


def _kept_in_rounds(problem: Quadratic, units: Ints, size: int, part: float, scale: Floats) -> Mask:
    """Which units stay, for rows that are too long to be taken apart weight by weight: in rounds, the rest
    re-solved after each. What a weight costs is that of the closed form for the first one to go.
    """
    spread = np.diag(np.linalg.inv(problem.hessian))
    free = units >= 0
    kept = np.ones((len(problem.cross), size), bool)
    weights = np.linalg.solve(problem.hessian, problem.cross.T).T
    for turn in range(1, _ROUNDS + 1):
        price = (weights**2 / spread * scale[:, None])[:, free]
        sums = np.stack([np.bincount(units[free], row, size) for row in price])
        sums[~kept] = -1.0  # what is gone stays so
        due = round((1 - (1 - part) ** (turn / _ROUNDS)) * sums.size)
        kept = np.ones_like(kept)
        np.put(kept, np.argsort(sums, axis=None, kind="stable")[:due], False)
        weights = least_squares(problem, _spread(kept, units))
    return kept


def _spread(kept: Mask, units: Ints) -> Mask:
    """From units to inputs."""
    return np.asarray(np.where(units >= 0, kept[:, np.maximum(units, 0)], True))


def least_squares(problem: Quadratic, kept: Mask) -> Floats:
    """The best weights of every row, those that are not kept being zero."""
    rows, inputs = problem.cross.shape
    if rows * float(kept.sum(axis=1).max(initial=0)) ** 3 > _DIRECT:
        return _descended(problem, kept)
    result = np.zeros((rows, inputs))
    for row, mask in enumerate(kept):
        places = np.flatnonzero(mask)
        if len(places):
            result[row, places] = np.linalg.solve(
                problem.hessian[np.ix_(places, places)], problem.cross[row, places]
            )
    return result


def _descended(problem: Quadratic, kept: Mask) -> Floats:
    """`least_squares` by conjugate gradients, all rows together."""
    mask = kept.astype(np.float64)
    ease = 1 / np.maximum(np.diag(problem.hessian), 1e-30)
    weights = np.zeros_like(problem.cross)
    rest = problem.cross * mask
    ahead = rest * ease
    old = (rest * ahead).sum(axis=1)
    for _ in range(_STEPS):
        bent = (ahead @ problem.hessian) * mask
        pace = old / np.maximum((ahead * bent).sum(axis=1), 1e-30)
        weights += pace[:, None] * ahead
        rest -= pace[:, None] * bent
        eased = rest * ease
        new = (rest * eased).sum(axis=1)
        ahead = eased + (new / np.maximum(old, 1e-30))[:, None] * ahead
        old = new
    return weights
