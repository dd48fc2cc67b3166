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
    """Per bundle of rows in which order its units (weights, or blocks of them) go, and what each costs beyond
    the ones before.
    """

    order: Ints
    """(bundles of rows, steps): numbers of units."""
    costs: Floats
    """(bundles of rows, steps): never falling along a bundle, so that a cut through all of them takes the
    first ones of each.
    """

    def kept(self, units: int, removed: int) -> Mask:
        """(bundles of rows, units), true where a unit stays, when the `removed` cheapest of all go."""
        flat = np.argsort(self.costs, axis=None, kind="stable")[:removed]
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
    bundle: int = 1
    """So many neighbouring rows, from the first on, lose the same units."""

    @property
    def size(self) -> int:
        """Units in a row."""
        return int(self.units.max()) + 1

    def weights(self, part: float) -> Floats:
        """The best weights with this part of the units zero; with groups, with the groups' zeros."""
        rows, inputs = self.problem.cross.shape
        units = -(-rows // self.bundle) * self.size
        removed = round(part * units)
        if rows * float(inputs) ** 3 > _EXACT and not self.group:
            kept = _kept_in_rounds(self.problem, self.units, self.size, removed / units, self._scales)
        else:
            kept = self._removal.kept(self.size, self._removal.costs.size if self.group else removed)
        kept = np.repeat(kept, self.bundle, axis=0)[:rows]
        return least_squares(self.problem, _spread(kept, self.units))

    @property
    def _scales(self) -> Floats:
        """By bundles; rows that fill up the last one count nothing."""
        more = -len(self.scale) % self.bundle
        return np.asarray(np.append(self.scale, np.zeros(more)).reshape(-1, self.bundle))

    @cached_property
    def _removal(self) -> RemovalOrder:
        return removal_order(self.problem, self.units, self._scales, group=self.group, zeros=self.zeros)


def removal_order(
    problem: Quadratic, units: Ints, scales: Floats, *, group: int = 0, zeros: int = 0
) -> RemovalOrder:
    """Remove unit after unit from every bundle of rows, always the one that costs least, the others
    re-solved each time; `scales` (bundles, rows of each) weighs the rows.
    """
    bundles, rows = scales.shape
    inputs = problem.cross.shape[1]
    size = int(units.max()) + 1
    steps = size // group * zeros if group else size
    order, costs = np.empty((bundles, steps), np.int64), np.empty((bundles, steps))
    inverse = np.linalg.inv(problem.hessian)
    inverse = (inverse + inverse.T) / 2
    # the root, as a row's error is a square of its weights
    cross = _bundled(problem.cross, rows) * np.sqrt(scales)[:, :, None]
    members = [np.flatnonzero(units == unit) for unit in range(size)]
    at_once = max(1, _BYTES // (8 * inputs * inputs))
    for start in range(0, bundles, at_once):
        part = slice(start, start + at_once)
        order[part], costs[part] = _remove(inverse, cross[part], members, steps, group, zeros)
    return RemovalOrder(order, np.maximum.accumulate(costs, axis=1))


def _bundled(matrix: Floats, rows: int) -> Floats:
    """(bundles, rows of each, columns), filled up with zeros."""
    more = np.zeros((-len(matrix) % rows, matrix.shape[1]))
    return np.asarray(np.concatenate([matrix, more]).reshape(-1, rows, matrix.shape[1]))


def _remove(
    inverse: Floats, cross: Floats, members: list[Ints], steps: int, group: int, zeros: int
) -> tuple[Ints, Floats]:
    """`removal_order` for as many bundles as fit into memory: what has lost the same units has the same
    inverse.
    """
    bundles, _, inputs = cross.shape
    weights = cross @ inverse
    inverses = np.broadcast_to(inverse, (bundles, inputs, inputs)).copy()
    order, costs = np.empty((bundles, steps), np.int64), np.empty((bundles, steps))
    gone = np.zeros((bundles, len(members)), bool)
    whole = len(members) // group * group if group else 0
    every, widest = np.arange(bundles), max(map(len, members))
    for step in range(steps):
        price = _prices(weights, inverses, members, widest)
        price[gone] = np.inf
        if group:
            full = gone[:, :whole].reshape(bundles, -1, group).sum(axis=2) >= zeros
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
    """Per bundle and unit what its removal costs."""
    if widest == 1:
        places = np.concatenate(members)
        squares = (weights[:, :, places] ** 2).sum(axis=1)
        return np.asarray(squares / np.maximum(inverses[:, places, places], 1e-30))
    return np.stack([_block_price(weights, inverses, places) for places in members], axis=1)


def _block_price(weights: Floats, inverses: Floats, places: Ints) -> Floats:
    parts = inverses[:, places[:, None], places[None, :]] + 1e-30 * np.eye(len(places))
    values = weights[:, :, places].transpose(0, 2, 1)
    return np.asarray((values * np.linalg.solve(parts, values)).sum(axis=(1, 2)))


def _eliminate(weights: Floats, inverses: Floats, places: list[int]) -> None:
    """Set one weight of each row of a bundle to zero, the others being the best given that; -1: nothing to do
    in this bundle.
    """
    at = np.asarray(places)
    live = np.flatnonzero(at >= 0)
    at = at[live]
    column = inverses[live, :, at]
    pivot = np.maximum(inverses[live, at, at], 1e-30)
    weights[live] -= (weights[live, :, at] / pivot[:, None])[:, :, None] * column[:, None, :]
    inverses[live] -= column[:, :, None] * (column / pivot[:, None])[:, None, :]
    weights[live, :, at] = 0.0
    inverses[live, at, :] = 0.0
    inverses[live, :, at] = 0.0


def _kept_in_rounds(problem: Quadratic, units: Ints, size: int, part: float, scales: Floats) -> Mask:
    """Which units of every bundle of rows stay, for rows that are too long to be taken apart weight by
    weight: in rounds, the rest re-solved after each. What a weight costs is that of the closed form for the
    first one to go.
    """
    spread = np.diag(np.linalg.inv(problem.hessian))
    free = units >= 0
    bundles, rows = scales.shape
    kept = np.ones((bundles, size), bool)
    weights = np.linalg.solve(problem.hessian, problem.cross.T).T
    for turn in range(1, _ROUNDS + 1):
        squares = (_bundled(weights, rows) ** 2 * scales[:, :, None]).sum(axis=1)
        price = (squares / spread)[:, free]
        sums = np.stack([np.bincount(units[free], bundle, size) for bundle in price])
        sums[~kept] = -1.0  # what is gone stays so
        due = round((1 - (1 - part) ** (turn / _ROUNDS)) * sums.size)
        kept = np.ones_like(kept)
        np.put(kept, np.argsort(sums, axis=None, kind="stable")[:due], False)
        alike = np.repeat(kept, rows, axis=0)[: len(weights)]
        weights = least_squares(problem, _spread(alike, units))
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
