"""From features in whole numbers to a model's inputs: scale, mean and deviation, and bytes of int8.

An input is a whole number with `bits` behind the point, which a float32 holds exactly. The stored value is
then the nearest one, ties away from zero, as for every input of an int8 model; a product of 64 bits finds it
without an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError
from tinyml_compress.ir import Quant

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
FRACTION = 10
"""Bits behind the point of a feature."""
_SHIFT = 27
_LARGEST = (1 << 24) - 1
_STORED_SHIFT = 52
_BEYOND = 512
_BEYOND_WIDE = 1 << 17
_HALF = Fraction(1, 2)


@dataclass(frozen=True, eq=False)
class InputNumbers:
    """input = (feature * multiplier + offset) >> shift, a pair per slice of the last axis, or one for all."""

    multipliers: Whole
    offsets: Whole
    bits: int
    """Behind the point of an input."""
    shift: int = _SHIFT
    largest: int = _LARGEST
    """An input stays between this and its negative."""

    def inputs(self, features: Whole) -> Floats:
        """The real values, exactly."""
        whole = (features * self.multipliers + self.offsets) >> self.shift
        return np.ldexp(np.clip(whole, -self.largest, self.largest).astype(np.float32), -self.bits)


@dataclass(frozen=True)
class StoredNumbers:
    """stored = |input| * multiplier, divided or shifted, rounded; then sign and zero point."""

    multiplier: int
    most: int
    """Inputs of a larger magnitude are cut to it: their bytes are the same."""
    zero_point: int
    shift: int = _STORED_SHIFT
    divisor: int = 0


def input_numbers(
    scale: float, means: tuple[float, ...], stds: tuple[float, ...], fraction: int = FRACTION
) -> InputNumbers:
    """(feature * scale - mean) / std in whole numbers; a feature has `fraction` bits behind the point."""
    mean, std = np.broadcast_arrays(np.asarray(means, np.float64), np.asarray(stds, np.float64))
    ratio = scale / std
    exponent = int(np.floor(np.log2(np.abs(ratio).max())))
    bits = fraction + 2 - exponent
    offsets = np.round(-mean / std * 2.0 ** (bits + _SHIFT))
    if abs(exponent) > 64 or np.abs(offsets).max() >= 2.0**61:
        raise DataError(
            "the front end's inputs leave the range of its whole numbers",
            found=f"scale {scale:g}, std from {std.min():g}, mean up to {np.abs(mean).max():g}",
            next_step='set scale, mean and std to the size of the features, or [audio] arithmetic = "float"',
        )
    return InputNumbers(
        np.round(ratio * 2.0 ** (bits - fraction + _SHIFT)).astype(np.int64),
        offsets.astype(np.int64) + (1 << (_SHIFT - 1)),
        bits,
    )


def stored_numbers(quant: Quant, bits: int) -> StoredNumbers:
    """For the input of an int8 model, with `bits` behind the point of an input."""
    steps = _steps(quant, bits)
    multiplier = min(ceil(steps * (1 << _STORED_SHIFT)), _BEYOND << _STORED_SHIFT)
    return StoredNumbers(multiplier, min(max(int(_BEYOND / steps), 1), _LARGEST), quant.zero_point)


def wide_numbers(quant: Quant, bits: int) -> StoredNumbers:
    """For an input of 16 bits, whose many steps a product of 64 bits cannot tell apart: a division does."""
    steps = _steps(quant, bits)
    most = min(max(int(_BEYOND_WIDE / steps), 1), _LARGEST)
    if steps * _LARGEST < _HALF:
        return StoredNumbers(0, most, quant.zero_point)
    return StoredNumbers(steps.numerator, most, quant.zero_point, 0, steps.denominator)


def _steps(quant: Quant, bits: int) -> Fraction:
    """Of a stored value, per 1 of an input."""
    return Fraction(2) ** -bits / Fraction(float(np.float32(quant.scale)))
