"""Fixed-point arithmetic as TensorFlow Lite Micro prepares it, done once at generation time."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np

from tinyml_compress.ir import Attrs, DType, Quant


class Activation(Enum):
    """Fused activation; values are the schema's."""

    NONE = 0
    RELU = 1
    RELU_N1_TO_1 = 2
    RELU6 = 3
    TANH = 4
    SIGN_BIT = 5


class Fused(Attrs):
    """Attributes with a fused activation, which each such operator has at a place of its own."""

    activation: Activation


class Padding(Enum):
    """Padding scheme; values are the schema's."""

    SAME = 0
    VALID = 1


_RANGES = {DType.INT8: (-128, 127), DType.UINT8: (0, 255), DType.INT16: (-32768, 32767)}


def dtype_range(dtype: DType) -> tuple[int, int]:
    """Smallest and largest stored value of a quantized type."""
    return _RANGES[dtype]


def round_half_away(value: float) -> int:
    """Nearest integer, ties away from zero (C's round)."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def quantize_multiplier(real: float) -> tuple[int, int]:
    """(mantissa, shift) with real ~ mantissa * 2^(shift - 31) and mantissa in [2^30, 2^31), or (0, 0).

    What is beyond every float, as a ratio of extreme scales can be, has a shift beyond all that are allowed.
    """
    if real == 0.0:
        return 0, 0
    if not math.isfinite(real):
        return 1 << 30, 1 << 10
    fraction, shift = math.frexp(real)
    mantissa = round_half_away(fraction * (1 << 31))
    if mantissa == 1 << 31:
        mantissa //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return mantissa, shift


def activation_range(activation: Activation, dtype: DType, quant: Quant) -> tuple[int, int]:
    """Clamp bounds of a quantized output under a fused activation; float32 division as in TFLM."""
    low, high = dtype_range(dtype)

    def stored(real: float) -> int:
        ratio = np.float32(real) / np.float32(quant.scale)
        return quant.zero_point + round_half_away(float(ratio))

    if activation is Activation.RELU:
        low = max(low, stored(0.0))
    elif activation is Activation.RELU6:
        low, high = max(low, stored(0.0)), min(high, stored(6.0))
    elif activation is Activation.RELU_N1_TO_1:
        low, high = max(low, stored(-1.0)), min(high, stored(1.0))
    return low, high
