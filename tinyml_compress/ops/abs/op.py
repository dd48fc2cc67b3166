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
from tinyml_compress.ops.base import Options
from tinyml_compress.ops.rows import Params, called, takes


def _results(view: NodeView) -> Ints:
    source, target = view.quant(0), view.output_quant()
    values = np.abs(all_values(DType.INT8) - source.zero_point)
    if source.scale != target.scale:
        values = requantize(values, *rescale_factor(view))
    results: Ints = np.clip(values + target.zero_point, -128, 127)
    return results


def _params_s16(view: NodeView) -> Params:
    multiplier, shift = rescale_factor(view)
    return (
        ("count", view.output().elements),
        ("in_zero_point", 0),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", 0),
        ("low", -32768),
        ("high", 32767),
    )


class Abs(UnaryOperator):
    name = "ABS"
    options = Options("AbsOptions")
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    variants = (
        lookup_variant(_results),
        called(
            "tc_s16_abs__c", "tc_rescale_params", _params_s16, accepts=takes(DType.INT16), overlap=in_place
        ),
        count_variant("tc_f32_abs__c", DType.FLOAT32),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is not DType.FLOAT32:
            _checks.quantizations(view, view.input(0), view.output())
            _checks.shift(view, rescale_factor(view)[1])


OPERATOR = Abs()
