"""Weights on the steps that integers have."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["rounded"]

Floats = npt.NDArray[np.float64]


def rounded(kernel: Floats, bits: int) -> Floats:
    """Rows on the steps that integers of so many bits have, one scale per row, zero at zero."""
    most = 2 ** (bits - 1) - 1
    scale = np.abs(kernel).max(axis=1, keepdims=True) / most
    steps = np.divide(kernel, scale, out=np.zeros_like(kernel), where=scale > 0)
    return np.asarray(np.clip(np.round(steps), -most, most) * scale)
