"""Costs from times: least squares whose coefficients are never negative."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_NEAR = 1e-10
_ROUNDS = 3


def never_negative(left: Floats, right: Floats) -> Floats:
    """The coefficients of `left`'s columns that come nearest to `right`, none below zero.

    The active-set way of Lawson and Hanson: the column that would lower the error most enters, and leaves
    again when another one turns its coefficient negative.
    """
    columns = left.shape[1]
    inside = np.zeros(columns, bool)
    best = np.zeros(columns)
    for _ in range(_ROUNDS * columns):
        gain = np.where(inside, 0.0, left.T @ (right - left @ best))
        if gain.max(initial=0.0) <= _NEAR:
            break
        inside[int(np.argmax(gain))] = True
        best = _settled(left, right, best, inside)
    return best


def _settled(left: Floats, right: Floats, best: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """The best coefficients of the columns `inside`, from which those leave that would be negative."""
    while True:
        free = np.zeros_like(best)
        free[inside] = np.linalg.lstsq(left[:, inside], right, rcond=None)[0]
        negative = inside & (free <= 0.0)
        if not negative.any():
            return free
        steps = best[negative] / (best[negative] - free[negative])
        best = best + float(steps.min()) * (free - best)
        inside &= best > _NEAR
        best = np.where(inside, best, 0.0)
