"""RELU6 on its own: clamps to what 0 and 6 are in the input's quantization, and does not rescale."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import UnaryOperator, bounds_variant, count_variant, integer_range
from tinyml_compress.ops.numerics import Activation, round_half_away
from tinyml_compress.ops.traits import Range


def _bounds(view: NodeView) -> tuple[int, int]:
    quant = view.quant(0)
    low, high = integer_range(view.input(0).dtype)
    six = quant.zero_point + round_half_away(float(np.float32(6.0) / np.float32(quant.scale)))
    return quant.zero_point, min(max(six, low), high)


class Relu6(UnaryOperator):
    name = "RELU6"
    clamp = Activation.RELU6
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    variants = (
        bounds_variant(DType.INT8, _bounds),
        bounds_variant(DType.INT16, _bounds),
        count_variant("tc_f32_relu6__c", DType.FLOAT32),
    )

    def output_range(self, view: NodeView, given: Mapping[int, Range]) -> Range | None:
        return given[0].clipped(*_bounds(view))

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is not DType.FLOAT32:
            _checks.six_fits(view, _checks.quantization(view, view.input(0)))


OPERATOR = Relu6()
