"""ABS: absolute value."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import Ints, requantize
from tinyml_compress.ops._unary import (
    UnaryOperator,
    all_values,
    count_variant,
    in_place,
    lookup_variant,
    rescale_factor,
)
from tinyml_compress.ops.base import Call, In, Options, Out, Variant, refuse


def _results(view: NodeView) -> Ints:
    source, target = view.quant(0), view.output_quant()
    values = np.abs(all_values(DType.INT8) - source.zero_point)
    if source.scale != target.scale:
        values = requantize(values, *rescale_factor(view))
    found: Ints = np.clip(values + target.zero_point, -128, 127)
    return found


def _emit_s16(view: NodeView) -> tuple[Call, ...]:
    multiplier, shift = rescale_factor(view)
    params = (
        ("count", view.output().elements),
        ("in_zero_point", 0),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", 0),
        ("low", -32768),
        ("high", 32767),
    )
    return (Call("tc_s16_abs__c", "tc_rescale_params", params, (In(0), Out())),)


class Abs(UnaryOperator):
    name = "ABS"
    options = Options("AbsOptions")
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    variants = (
        lookup_variant(_results),
        Variant(
            "tc_s16_abs__c", lambda view: view.input(0).dtype is DType.INT16, _emit_s16, overlap=in_place
        ),
        count_variant("tc_f32_abs__c", DType.FLOAT32),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is not DType.FLOAT32:
            for tensor in (view.input(0), view.output()):
                zero_point = _checks.quantization(view, tensor).zero_point
                if tensor.dtype is DType.INT16 and zero_point != 0:
                    raise refuse(view, "zero point of an int16 tensor", found=zero_point, allowed=0)
            _checks.shift(view, rescale_factor(view)[1])


OPERATOR = Abs()
