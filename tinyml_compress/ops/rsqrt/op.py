"""RSQRT: 1 / sqrt(x)."""

from __future__ import annotations

import math

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import Ints, inverse_sqrt, requantize
from tinyml_compress.ops._unary import UnaryOperator, all_values, count_variant, in_place, lookup_variant
from tinyml_compress.ops.base import refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import Params, called, takes
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_rsqrt_params", ints("count in_zero_point multiplier shift zero_point")),)

_KEPT = 20
"""Bits that the inverse root keeps below one."""


def _factor(view: NodeView) -> tuple[int, int]:
    source, target = view.quant(0), view.output_quant()
    return quantize_multiplier(1.0 / (math.sqrt(source.scale) * target.scale))


def _results(view: NodeView) -> Ints:
    source, target = view.quant(0), view.output_quant()
    multiplier, shift = _factor(view)
    roots = np.full(256, 127, np.int64)  # zero, and what must not occur: below zero there is no root
    for index, value in enumerate(all_values(DType.INT8) - source.zero_point):
        if value > 0:
            root, root_shift = inverse_sqrt(int(value))
            one = requantize(np.array([1], np.int64), root, root_shift + _KEPT)
            roots[index] = requantize(one, multiplier, shift - _KEPT)[0] + target.zero_point
    return np.clip(roots, -128, 127)


def _params_s16(view: NodeView) -> Params:
    source, target = view.quant(0), view.output_quant()
    multiplier, shift = _factor(view)
    return (
        ("count", view.output().elements),
        ("in_zero_point", source.zero_point),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", target.zero_point),
    )


class Rsqrt(UnaryOperator):
    name = "RSQRT"
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    limits = "negative values give the largest one (TensorFlow Lite Micro stops)"
    variants = (
        lookup_variant(_results),
        called(
            "tc_s16_rsqrt__c", "tc_rsqrt_params", _params_s16, accepts=takes(DType.INT16), overlap=in_place
        ),
        count_variant("tc_f32_rsqrt__c", DType.FLOAT32),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is DType.FLOAT32:
            return
        _checks.quantizations(view, view.input(0), view.output())
        multiplier, shift = _factor(view)
        _checks.shift(view, shift - _KEPT)
        if multiplier and shift - _KEPT < -31:
            raise refuse(
                view,
                "scale of input or output too large",
                found=f"a factor of about 2^{shift}",
                allowed="2^-11 or more; beyond, TensorFlow Lite Micro shifts by more than a word",
                next_step="check the calibration data: one of the ranges looks broken",
            )


OPERATOR = Rsqrt()
