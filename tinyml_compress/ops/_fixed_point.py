"""Fixed-point arithmetic on arrays, exactly as the kernels do it: for tables that are made at generation time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["high_mul", "requantize", "rounding_shift_right"]

Ints = npt.NDArray[np.int64]


def _wrap(values: Ints) -> Ints:
    return values.astype(np.int32).astype(np.int64)


def high_mul(a: Ints, b: Ints | int) -> Ints:
    """High half of the doubled product, ties toward +infinity; the one case that overflows saturates."""
    low = -(1 << 31)
    b = np.asarray(b, np.int64)
    return np.where((a == low) & (b == low), (1 << 31) - 1, (a * b + (1 << 30)) >> 31)


def rounding_shift_right(x: Ints, exponent: int) -> Ints:
    """x / 2^exponent, ties away from zero."""
    mask = (1 << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def requantize(x: Ints, multiplier: int, shift: int) -> Ints:
    """x * multiplier * 2^(shift - 31); shift is positive to the left and then wraps at 32 bits."""
    left, right = max(shift, 0), max(-shift, 0)
    return rounding_shift_right(high_mul(_wrap(x << left), multiplier), right)
