"""FULLY_CONNECTED: int8 and the forms of `_forms`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._forms import ProductForm, bias_values, check_wide, form_of
from tinyml_compress.ops._products import check_bias, check_sides, check_weights
from tinyml_compress.ops._weighted import WeightedOperator
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Options, refuse
from tinyml_compress.ops.fully_connected import (
    eights,
    four_bits,
    fours,
    lanes,
    neon,
    node,
    octets,
    pairs,
    plain,
    quads,
    sparse,
)
from tinyml_compress.ops.numerics import Activation, Fused
from tinyml_compress.ops.traits import Scales, Weights


@dataclass(frozen=True)
class FullyConnectedAttrs(Fused):
    activation: Activation = Activation.NONE
    keep_num_dims: bool = False
    weights_format: int = 0


class FullyConnected(WeightedOperator):
    name = "FULLY_CONNECTED"
    attrs_type = FullyConnectedAttrs
    options = Options("FullyConnectedOptions")
    dtypes = ("int8", "int16", "float32")
    limits = "constant weights, int8 for int16 inputs, int8 or packed int4 of one scale for int8 inputs"
    weights = Weights(0, 1, four_bits=Scales.ONE)
    variants = (
        *plain.VARIANTS,
        *pairs.VARIANTS,
        *four_bits.VARIANTS,
        *sparse.VARIANTS,
        *quads.VARIANTS,
        *octets.VARIANTS,
        *eights.VARIANTS,
        *fours.VARIANTS,
        *lanes.VARIANTS,
        *neon.VARIANTS,
    )

    def multipliers(self, view: NodeView) -> Sequence[tuple[int, int]]:
        return node.row_multipliers(view)

    def along(self, view: NodeView, axis: int) -> Along | None:
        source, target = view.input(0).shape, view.output().shape
        if axis == len(source) - 1 or source[-1] != view.input(1).shape[1]:
            return None
        if len(source) == len(target):
            return Along(axis)
        return Along(0) if target[0] == source[axis] else None  # the other axes before the last are of size 1

    def check(self, view: NodeView) -> None:
        attrs = view.attrs(FullyConnectedAttrs)
        inputs = len(view.node.inputs)
        if (
            inputs not in (2, 3)
            or any(name is None for name in view.node.inputs[:2])
            or len(view.node.outputs) != 1
        ):
            raise refuse(view, "number of inputs or outputs", found=inputs, allowed="2 or 3 inputs, 1 output")
        source, weights = view.input(0), view.input(1)
        check_sides(view, attrs.activation)
        _checks.full_rank(view, weights, 2, 2)
        out_c, in_c = weights.shape
        if min(out_c, in_c) < 1 or source.elements == 0 or source.elements % in_c:
            raise refuse(
                view,
                "input size is no multiple of the weights' rows",
                found=source.elements,
                allowed=f"n x {in_c}",
            )
        if attrs.weights_format != 0:
            raise refuse(view, "shuffled weights", found=attrs.weights_format, allowed="0 (default format)")
        check_weights(view, 0, out_c)
        check_bias(view, out_c)
        self._check_keep(view, in_c)
        quant = weights.quant
        if form_of(view) is ProductForm.S4 and quant is not None and quant.per_channel:
            raise refuse(
                view,
                "int4 weights with a scale per output (nor does TensorFlow Lite Micro take them)",
                found=len(quant.scales),
                allowed="one scale",
            )
        if form_of(view) is ProductForm.F32:
            return
        self._check_zero_point(view)
        multipliers = node.row_multipliers(view)
        if form_of(view) is ProductForm.S16:
            check_wide(view, node.rows(view), multipliers, bias_values(view, out_c))

    def _check_zero_point(self, view: NodeView) -> None:
        """One scale for all comes with a zero point that is read; scales per output do not, nor
        does int16.
        """
        quant = view.input(1).quant
        if quant is None or quant.per_channel or view.input(0).dtype is DType.INT16 or not quant.zero_point:
            return
        raise refuse(
            view, "zero point of the weights", found=quant.zero_point, allowed="0 (symmetric quantization)"
        )

    def _check_keep(self, view: NodeView, in_c: int) -> None:
        shape = view.input(0).shape
        if view.attrs(FullyConnectedAttrs).keep_num_dims and (not shape or shape[-1] != in_c):
            raise refuse(
                view,
                "keep_num_dims with another last axis than the weights'",
                found=shape,
                allowed=f"(..., {in_c})",
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        out_c, in_c = view.input(1).shape
        source = view.input(0)
        if view.attrs(FullyConnectedAttrs).keep_num_dims:
            return ((*source.shape[:-1], out_c),)
        return ((source.elements // in_c, out_c),)

    def macs(self, view: NodeView) -> int:
        return node.macs(view)


OPERATOR = FullyConnected()
