"""LOG_SOFTMAX over the last axis, int8 and float."""

from __future__ import annotations

import math

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import UnaryOperator, in_place
from tinyml_compress.ops.base import Consts, Options, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import Params, called, takes
from tinyml_compress.ops.softmax.exponential import exponential_table, input_scaling
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct("tc_f32_log_softmax", ints("rows depth")),
    struct(
        "tc_s8_log_softmax",
        ints("rows depth"),
        ints("entries", note="of the table"),
        pointers("int32_t", "exponentials", note="exp(-difference) in Q0.31"),
        ints("multiplier", note="from a difference to Q5.26"),
        ints("shift"),
        ints("smallest", note="differences down to here leave the lowest output"),
        ints("back_multiplier", note="from Q5.26 to a difference"),
        ints("back_shift"),
    ),
)

_MAX_DEPTH = 4095
"""Past it TFLM's Q12.19 sum of exponentials can overflow."""
_FRACTION = 26
"""The scaled difference is Q5.26."""


def _params_s8(view: NodeView) -> Params:
    source = view.input(0)
    table = exponential_table(1.0, source.quantized.scale)
    depth = source.shape[-1]
    multiplier, shift = quantize_multiplier(input_scaling(1.0, source.quantized.scale))
    back, back_shift = quantize_multiplier((1 << (31 - shift)) / multiplier)
    return (
        ("rows", source.elements // depth),
        ("depth", depth),
        ("entries", len(table)),
        ("exponentials", Consts("exp", "int32_t", table)),
        ("multiplier", multiplier),
        ("shift", shift),
        ("smallest", -math.floor(31 * (1 << _FRACTION) / (1 << shift)) - 1),
        ("back_multiplier", back),
        ("back_shift", back_shift),
    )


def _params_f32(view: NodeView) -> Params:
    source = view.input(0)
    depth = source.shape[-1]
    return (("rows", source.elements // depth), ("depth", depth))


class LogSoftmax(UnaryOperator):
    name = "LOG_SOFTMAX"
    elementwise = False
    options = Options("LogSoftmaxOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = f"last axis up to {_MAX_DEPTH} values; int8 output of scale 1/16 and zero point 127"
    variants = (
        called(
            "tc_s8_log_softmax__c",
            "tc_s8_log_softmax",
            _params_s8,
            accepts=takes(DType.INT8),
            overlap=in_place,
        ),
        called(
            "tc_f32_log_softmax__c",
            "tc_f32_log_softmax",
            _params_f32,
            accepts=takes(DType.FLOAT32),
            overlap=in_place,
        ),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        source = view.input(0)
        _checks.full_rank(view, source, 8, 1)
        if not 1 <= source.shape[-1] <= _MAX_DEPTH:
            raise refuse(view, "size of the last axis", found=source.shape[-1], allowed=f"1 to {_MAX_DEPTH}")
        if source.dtype is not DType.INT8:
            return
        given, target = _checks.quantizations(view, source, view.output())
        if (target.scale, target.zero_point) != (1 / 16, 127):
            raise refuse(
                view,
                "quantization of the output",
                found=f"scale {target.scale}, zero point {target.zero_point}",
                allowed="scale 1/16, zero point 127",
            )
        if not input_scaling(1.0, given.scale) > 1.0:
            raise _checks.collapsed(
                view, "its input", found=f"scale {given.scale:.3g}", allowed="above 2^-26"
            )


OPERATOR = LogSoftmax()
