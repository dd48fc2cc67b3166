"""HARD_SWISH: x * relu6(x + 3) / 6."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import Ints, rounding_shift_right
from tinyml_compress.ops._unary import UnaryOperator, all_values, count_variant, lookup_variant
from tinyml_compress.ops.base import Options, refuse
from tinyml_compress.ops.numerics import quantize_multiplier

_FARTHEST = 30
"""Places by which a 32-bit register may be shifted."""
_LOW, _HIGH = -(1 << 15), (1 << 15) - 1


def _factors(view: NodeView) -> tuple[tuple[int, int], tuple[int, int]]:
    """16-bit multiplier and exponent to the output's scale, and to the scale where 3 is 2^15; in float32."""
    source, target = view.quant(0), view.output_quant()
    fine = np.float32(np.float32(1.0 / 128.0) * np.float32(source.scale))

    def short(real: np.float32) -> tuple[int, int]:
        multiplier, exponent = quantize_multiplier(float(real))
        rounded = _HIGH if multiplier >= (1 << 31) - (1 << 15) else (multiplier + (1 << 15)) >> 16
        return rounded, exponent

    return short(fine / np.float32(target.scale)), short(fine / np.float32(3.0 / 32768.0))


def _high_mul(a: Ints, b: int) -> Ints:
    """High half of the doubled 16-bit product, rounded; -1 times -1 saturates."""
    product = a * b
    nudge = np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    halved = np.trunc((product + nudge) / (1 << 15)).astype(np.int64)
    return np.where((a == _LOW) & (b == _LOW), _HIGH, halved)


def _results(view: NodeView) -> Ints:
    source, target = view.quant(0), view.output_quant()
    (multiplier, exponent), (slope, slope_exponent) = _factors(view)
    fine = (all_values(DType.INT8) - source.zero_point) << 7
    unshifted = _high_mul(fine, multiplier)
    gate = fine
    if slope_exponent > 0:
        gate = np.clip(gate << (slope_exponent - 1), _LOW, _HIGH)
    gate = _high_mul(gate, slope)
    if slope_exponent > 0:
        gate = np.clip(gate << 1, _LOW, _HIGH)
    if slope_exponent < 0:
        gate = _shifted(gate, -slope_exponent)
    gate = (gate + (1 << 15)) >> 1
    product = np.trunc(gate * unshifted / (1 << 15)).astype(np.int64)
    return np.clip(_shifted(product, -exponent) + target.zero_point, -128, 127)


def _shifted(values: Ints, amount: int) -> Ints:
    """16-bit values shifted to the right and rounded; from 16 places on TFLM's mask is -1, which leaves the
    sign.
    """
    return (
        rounding_shift_right(values, amount) if amount < 16 else np.where(values >= 0, 1, -1).astype(np.int64)
    )


class HardSwish(UnaryOperator):
    name = "HARD_SWISH"
    options = Options("HardSwishOptions")
    types = (DType.INT8, DType.FLOAT32)
    variants = (lookup_variant(_results), count_variant("tc_f32_hard_swish__c", DType.FLOAT32))

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is DType.FLOAT32:
            return
        source, target = (_checks.quantization(view, tensor) for tensor in (view.input(0), view.output()))
        if not source.scale < 1e6 or not source.scale / target.scale < 1e6:
            raise refuse(
                view,
                "scales",
                found=f"{source.scale:g} and {target.scale:g}",
                allowed="an input scale, and a ratio of input to output scale, below a million",
            )
        (_, exponent), (_, slope_exponent) = _factors(view)
        if not -_FARTHEST <= exponent <= 0 or not -_FARTHEST <= slope_exponent <= 15:
            raise refuse(
                view,
                "ratio of input to output scale",
                found=f"2^{exponent} and 2^{slope_exponent}",
                allowed="an output scale above 1/128 of the input's, and not far above it",
            )


OPERATOR = HardSwish()
