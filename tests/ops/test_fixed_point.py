"""Fixed-point arithmetic in Python against exact fractions: what tables and multipliers are made of."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from tinyml_compress.ops._fixed_point import high_mul, inverse_sqrt, requantize, rounding_shift_right
from tinyml_compress.ops.numerics import quantize_multiplier, round_half_away

LOW, TOP = -(1 << 31), (1 << 31) - 1


def away(value: Fraction) -> int:
    """The nearest integer, ties away from zero."""
    nearest = math.floor(abs(value) + Fraction(1, 2))
    return nearest if value >= 0 else -nearest


def words(count: int) -> np.ndarray:  # type: ignore[type-arg]
    """The ends, small numbers, and any."""
    rng = np.random.default_rng(count)
    few = np.array([LOW, LOW + 1, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, TOP - 1, TOP], np.int64)
    return np.concatenate([few, rng.integers(LOW, TOP + 1, count)])


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 8, 30, 31])
def test_shifts_round_ties_away_from_zero(exponent: int) -> None:
    values = words(300)
    halves = (values >> exponent << exponent) + (1 << exponent >> 1)  # ties, where there are any
    for given in (values, np.clip(halves, LOW, TOP)):
        wanted = [away(Fraction(int(value), 1 << exponent)) for value in given]
        assert rounding_shift_right(given, exponent).tolist() == wanted


def test_products_round_ties_up_and_saturate_once() -> None:
    for factor in (1 << 30, TOP, 3, -(1 << 30), LOW):
        values = words(300)
        wanted = [
            min(TOP, math.floor(Fraction(int(a) * factor * 2, 1 << 32) + Fraction(1, 2))) for a in values
        ]
        assert high_mul(values, factor).tolist() == wanted


def test_requantizing_is_both() -> None:
    values = words(100) >> 8
    for multiplier, shift in ((1 << 30, 0), (TOP, -5), (1234567891, 3), (1 << 30, -31)):
        left, right = max(shift, 0), max(-shift, 0)
        product = high_mul(values << left, multiplier)
        assert requantize(values, multiplier, shift).tolist() == rounding_shift_right(product, right).tolist()
    assert requantize(np.array([-3, 3], np.int64), 1 << 30, 0).tolist() == [-1, 2]  # ties up: -1.5, 1.5


def test_multipliers_are_the_nearest_of_31_bits() -> None:
    rng = np.random.default_rng(0)
    for real in (*np.exp(rng.uniform(-18, 5, 500)), 0.5, 1.0, 1 / 3, 1 - 2**-40, 2.0**-20):
        mantissa, shift = quantize_multiplier(float(real))
        assert 1 << 30 <= mantissa < 1 << 31
        exact = Fraction(float(real)) * Fraction(2) ** (31 - shift)
        assert mantissa == away(exact)
    assert quantize_multiplier(0.0) == (0, 0)
    assert quantize_multiplier(2.0**-40) == (0, 0)


def test_halves_go_away_from_zero() -> None:
    assert [round_half_away(value) for value in (-2.5, -1.5, -0.5, 0.49, 0.5, 1.5, 2.5)] == [
        -3,
        -2,
        -1,
        0,
        1,
        2,
        3,
    ]


def test_roots() -> None:
    for value in (1, 2, 3, 100, 12345, 1 << 20, (1 << 31) - 1):
        multiplier, shift = inverse_sqrt(value)
        found = multiplier * 2.0 ** (shift - 31)
        assert found == pytest.approx(1 / math.sqrt(value), rel=2e-4), value
