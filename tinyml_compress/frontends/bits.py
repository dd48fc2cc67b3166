"""Bits of whole numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def bits_of(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """How many bits each number takes."""
    bits = np.zeros(values.shape, np.int64)
    rest = values.copy()
    for step in (32, 16, 8, 4, 2, 1):
        large = rest >= np.uint64(1 << step)
        bits += np.where(large, step, 0)
        rest = np.where(large, rest >> np.uint64(step), rest)
    return bits + (rest > 0)
