"""Fixed-point arithmetic on arrays, exactly as the kernels do it: for tables that are made at generation
time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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


# --- the exponential family, in the fixed-point formats of gemmlowp: raw values of 32 bits with some integer
# bits ---

_TOP = (1 << 31) - 1
_LOW = -(1 << 31)


def _shift_left(x: Ints, bits: int) -> Ints:
    return np.clip(x << bits, _LOW, _TOP)


def _exp_of_negative(x: Ints, integer_bits: int) -> Ints:
    """exp(x) for x <= 0 with `integer_bits` integer bits; the result has none."""
    fraction = 31 - integer_bits
    quarter = 1 << (fraction - 2)
    part = (x & (quarter - 1)) - quarter  # in [-1/4, 0): a Taylor polynomial round -1/8
    y = _shift_left(part, integer_bits) + (1 << 28)
    y2 = high_mul(y, y)
    y3, y4 = high_mul(y2, y), high_mul(y2, y2)
    tail = rounding_shift_right(high_mul(rounding_shift_right(y4, 2) + y3, 715827883) + y2, 1)
    centre = 1895147668  # exp(-1/8)
    result = centre + high_mul(y + tail, centre)
    rest = part - x  # what is left is a sum of powers of two, each of which has its factor
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for exponent, factor in zip(range(-2, integer_bits), factors, strict=False):
        result = np.where(rest & (1 << (fraction + exponent)), high_mul(result, factor), result)
    return np.where(x == 0, _TOP, result)


def _reciprocal_of_one_plus(x: Ints) -> Ints:
    """2 / (1 + x) for x in [0, 1], with two integer bits, by three Newton steps."""
    half = (x + _TOP + 1) // 2
    result = 1515870810 + high_mul(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - high_mul(half, result)
        result = result + _shift_left(high_mul(result, error), 2)
    return result


def logistic(x: Ints, integer_bits: int) -> Ints:
    """1 / (1 + exp(-x)); the result has no integer bits."""
    positive = _shift_left(_reciprocal_of_one_plus(_exp_of_negative(-np.abs(x), integer_bits)), 1)
    return np.where(x == 0, 1 << 30, np.where(x > 0, positive, _TOP - positive))


def tanh(x: Ints, integer_bits: int) -> Ints:
    """Hyperbolic tangent; the result has no integer bits."""
    falling = _exp_of_negative(-np.abs(x), integer_bits + 1)  # 2x is x with one integer bit more
    rising = _shift_left(_reciprocal_of_one_plus(falling) - (1 << 29), 2)
    return np.where(x == 0, 0, np.where(x < 0, -rising, rising))


def inverse_sqrt(value: int) -> tuple[int, int]:
    """(multiplier, shift) of 1 / sqrt(value) for an integer above 0, by five Newton steps with three integer
    bits.
    """
    if value <= 1:
        return _TOP, 0
    shift = 11
    while value >= 1 << 29:
        value //= 4
        shift += 1
    pairs = (32 - value.bit_length() - 1) // 2 - 1
    shift -= pairs
    given = (value << (2 * pairs)) >> 1
    half = int(rounding_shift_right(np.array([given], np.int64), 1)[0])

    def times(a: int, b: int) -> int:
        return (a * b + (1 << 30)) >> 31

    def left(a: int, bits: int) -> int:
        return min(max(a << bits, _LOW), _TOP)

    x = 1 << 28
    for _ in range(5):
        cube = left(times(times(x, x), x), 6)
        x = left(times((1 << 28) + (1 << 27), x) - times(half, cube), 3)
    x = times(x, 1518500250)  # sqrt(2) / 2
    if shift < 0:
        x, shift = x << -shift, 0
    return x, -shift
