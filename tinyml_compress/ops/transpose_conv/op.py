"""TRANSPOSE_CONV: every input pixel spreads over a window of the output."""

from __future__ import annotations

import math
from dataclasses import replace

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._products import names_channels
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Operator, Options, refuse
from tinyml_compress.ops.traits import Weights
from tinyml_compress.ops.transpose_conv import plain
from tinyml_compress.ops.transpose_conv.node import (
    BIAS,
    INPUT,
    WEIGHTS,
    TransposeConvAttrs,
    borders,
    multipliers,
)

_BIASES = {
    DType.INT8: (DType.INT32,),
    DType.INT16: (DType.INT64, DType.INT16),
    DType.FLOAT32: (DType.FLOAT32,),
}


class TransposeConv(Operator):
    name = "TRANSPOSE_CONV"
    attrs_type = TransposeConvAttrs
    options = Options("TransposeConvOptions")
    dtypes = ("int8", "int16", "float32")
    limits = "constant weights and bias, int8 weights for int16 inputs; no fused activation"
    weights = Weights(0, 3, at=WEIGHTS, bias=BIAS)
    variants = plain.VARIANTS

    def check(self, view: NodeView) -> None:
        attrs = view.attrs(TransposeConvAttrs)
        if len(view.node.inputs) not in (3, 4) or None in view.node.inputs[:3] or len(view.node.outputs) != 1:
            raise refuse(view, "number of inputs", found=len(view.node.inputs), allowed="3 or 4")
        source, weights, target = view.input(INPUT), view.input(WEIGHTS), view.output()
        dtype = _checks.dtypes(view, source, (DType.INT8, DType.INT16, DType.FLOAT32), "the input")
        _checks.dtypes(view, target, (dtype,), "the output")
        floats = dtype is DType.FLOAT32
        _checks.dtypes(view, weights, (DType.FLOAT32 if floats else DType.INT8,), "the weights")
        for tensor in (source, weights, target):
            _checks.full_rank(view, tensor, 4, 4)
        if weights.data is None:
            raise refuse(view, "weights are computed at run time", found=weights.name, allowed="a constant")
        _checks.no_activation(view)
        _checks.step(view, "stride_h", attrs.stride_h)
        _checks.step(view, "stride_w", attrs.stride_w)
        if weights.shape[3] != source.shape[3] or weights.shape[0] != target.shape[3]:
            raise refuse(
                view, "shape of the weights", found=weights.shape, allowed="output, h, w, input channels"
            )
        if target.shape[0] != source.shape[0] or 0 in source.shape or 0 in target.shape or 0 in weights.shape:
            raise refuse(
                view, "shapes", found=f"{source.shape} to {target.shape}", allowed="one batch size, not 0"
            )
        bias = view.optional_input(BIAS)
        if bias is not None:
            _checks.dtypes(view, bias, _BIASES[dtype], "the bias")
            if bias.data is None or bias.elements != weights.shape[0]:
                raise refuse(view, "the bias", found=bias.shape, allowed=f"{weights.shape[0]} constants")
        if floats:
            return
        _checks.quantizations(view, source, target)
        self._check_weights(view, weights)
        shifts = [shift for _, shift in multipliers(view)]
        if dtype is DType.INT16 and max(shifts) > 7:
            raise refuse(view, "ratio of scales", found=f"2^{max(shifts)}", allowed="below 2^8")

    def _check_weights(self, view: NodeView, weights: Tensor) -> None:
        quant = weights.quant
        if quant is None or len(quant.scales) not in (1, weights.shape[0]):
            raise refuse(view, "scales of the weights", found=quant, allowed="one, or one per output channel")
        if not all(math.isfinite(scale) and scale > 0.0 for scale in quant.scales):
            raise refuse(view, "scales of the weights", found=min(quant.scales), allowed="finite and above 0")
        if quant.per_channel and not names_channels(weights, weights.shape[0]):
            raise refuse(view, "axis of the weights' scales", found=quant.axis, allowed=0)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        # The first input names the shape; TensorFlow Lite Micro takes the output tensor's own.
        return (view.output().shape,)

    def reach(self, view: NodeView, axis: int) -> Along | None:
        attrs, weights = view.attrs(TransposeConvAttrs), view.input(WEIGHTS).shape
        if axis not in (1, 2):
            return None
        spread, before = (attrs.stride_h, attrs.stride_w)[axis - 1], borders(view)[axis - 1]
        reached = (view.input(INPUT).shape[axis] - 1) * spread + weights[axis] - before
        if spread == 1 or weights[axis] < spread or view.output().shape[axis] > reached:
            return None  # an output that no input reaches
        return Along(axis, weights[axis], before=before, spread=spread)

    def cut(self, view: NodeView, axis: int, before: int, after: int) -> TransposeConvAttrs:
        top, left = borders(view)
        pads = (before, left) if axis == 1 else (top, before)
        return replace(view.attrs(TransposeConvAttrs), pads=pads)

    def macs(self, view: NodeView) -> int:
        weights = view.input(WEIGHTS).shape
        return view.input(INPUT).elements * weights[0] * weights[1] * weights[2]


OPERATOR = TransposeConv()
