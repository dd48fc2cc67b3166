"""RELU on its own; the converter usually fuses it into its producer."""

from __future__ import annotations

from collections.abc import Mapping

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import (
    UnaryOperator,
    bounds_variant,
    count_variant,
    rescale_factor,
    rescale_variants,
    rescaled_range,
)
from tinyml_compress.ops.numerics import Activation, activation_range
from tinyml_compress.ops.traits import Range


def _bounds(view: NodeView) -> tuple[int, int]:
    out = view.output()
    return activation_range(Activation.RELU, out.dtype, out.quantized)


def _only_bounds(view: NodeView) -> bool:
    return view.input(0).quant == view.output().quant


class Relu(UnaryOperator):
    name = "RELU"
    clamp = Activation.RELU
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    variants = (
        bounds_variant(DType.INT8, _bounds, _only_bounds),
        bounds_variant(DType.INT16, _bounds, _only_bounds),
        count_variant("tc_f32_relu__c", DType.FLOAT32),
        *rescale_variants(_bounds, (DType.INT8, DType.INT16)),
    )

    def output_range(self, view: NodeView, given: Mapping[int, Range]) -> Range | None:
        return rescaled_range(view, given[0], _bounds)

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is DType.FLOAT32:
            return
        _checks.quantizations(view, view.input(0), view.output())
        _checks.shift(view, rescale_factor(view)[1])


OPERATOR = Relu()
