"""exp(-x) in fixed point, bit for bit as the device's softmax computes it; done here once per model."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tinyml_compress.ops.numerics import quantize_multiplier

_FRACTION = 26
"""The scaled difference is Q5.26."""
_INT32_MAX = (1 << 31) - 1
_FACTORS = (
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)
"""exp(-2^n) in Q0.31."""


def _mul(a: int, b: int) -> int:
    return (a * b + (1 << 30)) >> 31


def _divide(value: int, exponent: int) -> int:
    magnitude = (abs(value) + (1 << exponent >> 1)) >> exponent
    return magnitude if value >= 0 else -magnitude


def _exp_last_quarter(value: int) -> int:
    """exp for a value in [-1/4, 0), Q0.31: four terms of the series round -1/8."""
    x = value + (1 << 28)
    square = _mul(x, x)
    cube = _mul(square, x)
    fourth = _mul(square, square)
    tail = _divide(_mul(_divide(fourth, 2) + cube, 715827883) + square, 1)
    return 1895147668 + _mul(1895147668, x + tail)


def exponential(value: int) -> int:
    """exp of a Q5.26 value that is not above 0, as Q0.31."""
    if value == 0:
        return _INT32_MAX
    quarter = 1 << (_FRACTION - 2)
    last = (value & (quarter - 1)) - quarter
    result = _exp_last_quarter(last << 5)
    rest = last - value
    for power, factor in _FACTORS:
        if rest & (1 << (_FRACTION + power)):
            result = _mul(result, factor)
    return result


def input_scaling(beta: float, scale: float) -> float:
    """The factor from an input difference to Q5.26, capped where one step already leaves nothing."""
    return min(beta * scale * (1 << _FRACTION), float(_INT32_MAX))


def exponential_table(beta: float, scale: float) -> npt.NDArray[np.int32]:
    """exp(-d) for d = 0, 1, ...; differences past its end count as 0."""
    multiplier, shift = quantize_multiplier(input_scaling(beta, scale))
    radius = math.floor(31 * (1 << _FRACTION) / (1 << shift))
    table: list[int] = []
    for difference in range(min(radius, 255) + 1):
        value = exponential(_mul(-difference << shift, multiplier))
        if value < 1 << 11:
            break  # adds 0 to the sum and gives 0, and so do all that follow
        table.append(value)
    return np.array(table, np.int32)
