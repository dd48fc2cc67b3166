"""FULLY_CONNECTED, int8."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._products import (
    Channels,
    check_activation,
    check_bias,
    check_weights,
    checked_multiplier,
    conv_multipliers,
    finish_bounds,
    int32_table,
    requant_channels,
    weight_values,
)
from tinyml_compress.ops.base import Call, In, Operator, OptionField, Options, Out, Ref, Role, Table, Variant
from tinyml_compress.ops.numerics import Activation

__all__ = ["OPERATOR", "FullyConnectedAttrs"]


@dataclass(frozen=True)
class FullyConnectedAttrs(Attrs):
    activation: Activation = Activation.NONE
    keep_num_dims: bool = False
    weights_format: int = 0


def _attrs(view: NodeView) -> FullyConnectedAttrs:
    assert isinstance(view.attrs, FullyConnectedAttrs)
    return view.attrs


def _multipliers(view: NodeView) -> list[tuple[int, int]]:
    """Per channel a product in double precision; per tensor TFLM multiplies the two scales in float32 first."""
    source, weights, target = view.input(0).quant, view.input(1).quant, view.output().quant
    assert source is not None
    assert weights is not None
    assert target is not None
    count = view.input(1).shape[0]
    if weights.per_channel:
        return conv_multipliers(OPERATOR, view, count)
    product = float(np.float32(source.scale) * np.float32(weights.scale))
    return [checked_multiplier(OPERATOR, view, product / target.scale)] * count


def _channels(view: NodeView) -> Channels:
    return requant_channels(OPERATOR, view, weight_values(view).astype(np.int64), _multipliers(view))


def _any(view: NodeView) -> bool:
    return True


def _sizes(view: NodeView) -> tuple[tuple[str, int], ...]:
    out_c, in_c = view.input(1).shape
    return (("batch", view.input(0).elements // in_c), ("in_c", in_c), ("out_c", out_c))


def _emit(view: NodeView) -> tuple[Call, ...]:
    channels = _channels(view)
    table = int32_table(channels.bias, channels.multiplier, channels.shift)
    return (
        Call(
            "tc_s8_fully_connected__c",
            "tc_s8_fully_connected",
            (
                *_sizes(view),
                *finish_bounds(_attrs(view).activation, view.output()),
                ("weights", Ref("weights")),
                ("channels", Ref("channels")),
            ),
            (In(0), Out()),
            (
                Table("weights", "int8_t", weight_values(view), Role.WEIGHTS),
                Table("channels", "int32_t", table),
            ),
        ),
    )


class FullyConnected(Operator):
    name = "FULLY_CONNECTED"
    attrs_type = FullyConnectedAttrs
    options = Options(
        "FullyConnectedOptions",
        (
            OptionField("activation", "fused_activation_function", Activation),
            OptionField("keep_num_dims", "keep_num_dims", bool),
            OptionField("weights_format", "weights_format"),
        ),
    )
    dtypes = ("int8",)
    limits = "constant weights"
    variants = (Variant("tc_s8_fully_connected__c", _any, _emit),)

    def check(self, view: NodeView) -> None:
        attrs = _attrs(view)
        inputs = len(view.node.inputs)
        if inputs not in (2, 3) or any(name is None for name in view.node.inputs[:2]) or len(view.node.outputs) != 1:
            raise self.refuse(view, "number of inputs or outputs", found=inputs, allowed="2 or 3 inputs, 1 output")
        source, weights, target = view.input(0), view.input(1), view.output()
        for tensor in (source, target):
            _checks.dtypes(self, view, tensor, (DType.INT8,))
        _checks.quantization(self, view, source)
        made = _checks.quantization(self, view, target)
        _checks.full_rank(self, view, weights, 2, 2)
        out_c, in_c = weights.shape
        if min(out_c, in_c) < 1 or source.elements == 0 or source.elements % in_c:
            raise self.refuse(
                view, "input size is no multiple of the weights' rows", found=source.elements, allowed=f"n x {in_c}"
            )
        if attrs.weights_format != 0:
            raise self.refuse(view, "shuffled weights", found=attrs.weights_format, allowed="0 (default format)")
        check_activation(self, view, attrs.activation, made)
        check_weights(self, view, 0, out_c)
        check_bias(self, view, out_c)
        self._check_keep(view, in_c)
        _multipliers(view)

    def _check_keep(self, view: NodeView, in_c: int) -> None:
        shape = view.input(0).shape
        if _attrs(view).keep_num_dims and (not shape or shape[-1] != in_c):
            raise self.refuse(
                view, "keep_num_dims with another last axis than the weights'", found=shape, allowed=f"(..., {in_c})"
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        out_c, in_c = view.input(1).shape
        source = view.input(0)
        if _attrs(view).keep_num_dims:
            return ((*source.shape[:-1], out_c),)
        return ((source.elements // in_c, out_c),)

    def macs(self, view: NodeView) -> int:
        out_c, in_c = view.input(1).shape
        return view.input(0).elements // in_c * out_c * in_c


OPERATOR = FullyConnected()
