"""What the synthetic sets are drawn with: random numbers and waves of whole numbers, the same on every
machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Whole = npt.NDArray[np.int64]
Made = tuple[npt.NDArray[np.uint8], Whole]
"""Stored inputs, and labels: one per sample, or one per place of each sample."""


def _mix(value: Hashes) -> Hashes:
    """splitmix64's finalizer: every bit of the input reaches every bit of the output."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def draw(*key: int, count: int) -> Hashes:
    """`count` random 64-bit numbers that depend on `key` alone."""
    state = np.zeros(1, dtype=np.uint64)
    golden = np.uint64(0x9E3779B97F4A7C15)
    for part in key:
        state = _mix(state + golden * np.array([part + 1], dtype=np.uint64))
    return _mix(state + golden * np.arange(1, count + 1, dtype=np.uint64))


def whole(drawn: Hashes, below: int) -> Whole:
    """Whole numbers from 0 up to `below`."""
    return np.asarray((drawn >> np.uint64(33)) % np.uint64(below), dtype=np.int64)


def triangle(phase: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A triangle wave between -127 and 127 with a period of 256."""
    turn = phase & 255
    return np.where(turn < 128, 2 * turn - 127, 383 - 2 * turn)


def column(values: Whole, shape: Sequence[int]) -> Whole:
    """One value per sample, to go with samples of `shape`."""
    return values.reshape((-1,) + (1,) * len(shape))
