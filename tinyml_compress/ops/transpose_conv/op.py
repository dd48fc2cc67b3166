"""TRANSPOSE_CONV: every input pixel spreads over a window of the output."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._products import axis_window, checked_multiplier, names_channels
from tinyml_compress.ops.base import (
    Call,
    In,
    Operator,
    OptionField,
    Options,
    Out,
    ParamValue,
    Ref,
    Role,
    Table,
    Variant,
    refuse,
)
from tinyml_compress.ops.numerics import Activation, Fused, Padding
from tinyml_compress.ops.structs import ints, pointers, struct
from tinyml_compress.ops.traits import Weights

__all__ = ["OPERATOR", "TransposeConv", "TransposeConvAttrs"]

STRUCTS = (
    struct(
        "tc_transpose_conv_params",
        ints("batches in_height in_width in_depth"),
        ints("height", note="of the window"),
        ints("width out_height out_width out_depth stride_h stride_w pad_h pad_w in_zero_point"),
        ints("zero_point"),
        pointers("int8_t", "weights", note="output channel, row, column, input channel"),
        pointers("int32_t", "channels", note="bias, multiplier, shift of every output channel"),
    ),
    struct(
        "tc_s16_transpose_conv_params",
        ints("batches in_height in_width in_depth"),
        ints("height", note="of the window"),
        ints("width out_height out_width out_depth stride_h stride_w pad_h pad_w"),
        pointers("int8_t", "weights", note="output channel, row, column, input channel"),
        pointers("int64_t", "bias", note="of every output channel"),
        pointers("int32_t", "channels", note="multiplier and shift of every output channel"),
    ),
    struct(
        "tc_f32_transpose_conv_params",
        ints("batches in_height in_width in_depth"),
        ints("height", note="of the window"),
        ints("width out_height out_width out_depth stride_h stride_w pad_h pad_w"),
        pointers("float", "weights", note="output channel, row, column, input channel"),
        pointers("float", "bias", note="of every output channel"),
    ),
)

_WEIGHTS, _INPUT, _BIAS = 1, 2, 3
_BIASES = {
    DType.INT8: (DType.INT32,),
    DType.INT16: (DType.INT64, DType.INT16),
    DType.FLOAT32: (DType.FLOAT32,),
}


@dataclass(frozen=True)
class TransposeConvAttrs(Fused):
    """Attributes of TRANSPOSE_CONV."""

    padding: Padding = Padding.SAME
    stride_w: int = 1
    stride_h: int = 1
    activation: Activation = Activation.NONE


def _multipliers(view: NodeView) -> list[tuple[int, int]]:
    source, weights, target = view.quant(_INPUT), view.quant(_WEIGHTS), view.output_quant()
    channels = view.input(_WEIGHTS).shape[0]
    scales = weights.scales if weights.per_channel else weights.scales[:1] * channels
    return [checked_multiplier(view, source.scale * scale / target.scale) for scale in scales]


def _bias(view: NodeView) -> Tensor | None:
    return view.optional_input(_BIAS)


def _emit(view: NodeView) -> tuple[Call, ...]:
    attrs, source, target = view.attrs(TransposeConvAttrs), view.input(_INPUT), view.output()
    weights, bias = view.input(_WEIGHTS), _bias(view)
    channels, height, width, depth = weights.shape
    offsets = np.zeros(channels) if bias is None or bias.data is None else bias.data.reshape(-1)
    params: tuple[tuple[str, ParamValue], ...] = (
        ("batches", source.shape[0]),
        ("in_height", source.shape[1]),
        ("in_width", source.shape[2]),
        ("in_depth", depth),
        ("height", height),
        ("width", width),
        ("out_height", target.shape[1]),
        ("out_width", target.shape[2]),
        ("out_depth", channels),
        ("stride_h", attrs.stride_h),
        ("stride_w", attrs.stride_w),
        ("pad_h", axis_window(attrs.padding, target.shape[1], height, attrs.stride_h)[1]),
        ("pad_w", axis_window(attrs.padding, target.shape[2], width, attrs.stride_w)[1]),
    )
    if source.dtype is DType.FLOAT32:
        params += (("weights", Ref("weights")), ("bias", Ref("bias")))
        floats = (
            Table("weights", "float", np.asarray(weights.constant, np.float32), Role.WEIGHTS),
            Table("bias", "float", offsets.astype(np.float32), Role.WEIGHTS),
        )
        return (
            Call(
                "tc_f32_transpose_conv__c",
                "tc_f32_transpose_conv_params",
                params,
                (In(_INPUT), Out()),
                floats,
            ),
        )
    offsets = offsets.astype(np.int64)
    scaling = np.array(_multipliers(view), np.int64)
    stored = Table("weights", "int8_t", np.asarray(weights.constant, np.int8), Role.WEIGHTS)
    if source.dtype is DType.INT16:
        params += (("weights", Ref("weights")), ("bias", Ref("bias")), ("channels", Ref("channels")))
        tables: tuple[Table, ...] = (
            stored,
            Table("bias", "int64_t", offsets.reshape(-1), Role.WEIGHTS, align=8),
            Table("channels", "int32_t", scaling.astype(np.int32), Role.WEIGHTS),
        )
        return (
            Call(
                "tc_s16_transpose_conv__c",
                "tc_s16_transpose_conv_params",
                params,
                (In(_INPUT), Out()),
                tables,
            ),
        )
    params += (
        ("in_zero_point", source.quantized.zero_point),
        ("zero_point", target.quantized.zero_point),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    rows = np.column_stack([offsets.reshape(-1), scaling]).astype(np.int32)
    tables = (stored, Table("channels", "int32_t", rows, Role.WEIGHTS))
    return (Call("tc_s8_transpose_conv__c", "tc_transpose_conv_params", params, (In(_INPUT), Out()), tables),)


class TransposeConv(Operator):
    name = "TRANSPOSE_CONV"
    attrs_type = TransposeConvAttrs
    options = Options(
        "TransposeConvOptions",
        (
            OptionField("padding", "padding", Padding),
            OptionField("stride_w", "stride_w"),
            OptionField("stride_h", "stride_h"),
            OptionField("activation", "fused_activation_function", Activation),
        ),
    )
    dtypes = ("int8", "int16", "float32")
    limits = "constant weights and bias, int8 weights for int16 inputs; no fused activation"
    weights = Weights(0, 3, at=_WEIGHTS, bias=_BIAS)
    variants = (
        Variant("tc_s8_transpose_conv__c", lambda view: view.input(_INPUT).dtype is DType.INT8, _emit),
        Variant("tc_s16_transpose_conv__c", lambda view: view.input(_INPUT).dtype is DType.INT16, _emit),
        Variant("tc_f32_transpose_conv__c", lambda view: view.input(_INPUT).dtype is DType.FLOAT32, _emit),
    )

    def check(self, view: NodeView) -> None:
        attrs = view.attrs(TransposeConvAttrs)
        if len(view.node.inputs) not in (3, 4) or None in view.node.inputs[:3] or len(view.node.outputs) != 1:
            raise refuse(view, "number of inputs", found=len(view.node.inputs), allowed="3 or 4")
        source, weights, target = view.input(_INPUT), view.input(_WEIGHTS), view.output()
        dtype = _checks.dtypes(view, source, (DType.INT8, DType.INT16, DType.FLOAT32), "the input")
        _checks.dtypes(view, target, (dtype,), "the output")
        floats = dtype is DType.FLOAT32
        _checks.dtypes(view, weights, (DType.FLOAT32 if floats else DType.INT8,), "the weights")
        for tensor in (source, weights, target):
            _checks.full_rank(view, tensor, 4, 4)
        if weights.data is None:
            raise refuse(view, "weights are computed at run time", found=weights.name, allowed="a constant")
        if attrs.activation is not Activation.NONE:
            raise refuse(view, "fused activation", found=attrs.activation.name, allowed="NONE")
        if attrs.stride_h < 1 or attrs.stride_w < 1:
            raise refuse(view, "strides", found=f"{attrs.stride_h} and {attrs.stride_w}", allowed="1 or more")
        if weights.shape[3] != source.shape[3] or weights.shape[0] != target.shape[3]:
            raise refuse(
                view, "shape of the weights", found=weights.shape, allowed="output, h, w, input channels"
            )
        if target.shape[0] != source.shape[0] or 0 in source.shape or 0 in target.shape or 0 in weights.shape:
            raise refuse(
                view, "shapes", found=f"{source.shape} to {target.shape}", allowed="one batch size, not 0"
            )
        bias = _bias(view)
        if bias is not None:
            _checks.dtypes(view, bias, _BIASES[dtype], "the bias")
            if bias.data is None or bias.elements != weights.shape[0]:
                raise refuse(view, "the bias", found=bias.shape, allowed=f"{weights.shape[0]} constants")
        if floats:
            return
        _checks.quantization(view, source)
        _checks.quantization(view, target)
        self._check_weights(view, weights)
        shifts = [shift for _, shift in _multipliers(view)]
        if dtype is DType.INT16:
            self._check_int16(view, max(shifts))

    def _check_int16(self, view: NodeView, shift: int) -> None:
        for tensor in (view.input(_INPUT), view.output()):
            if tensor.quantized.zero_point != 0:
                raise refuse(
                    view, "zero point of an int16 tensor", found=tensor.quantized.zero_point, allowed=0
                )
        if shift > 7:
            raise refuse(view, "ratio of scales", found=f"2^{shift}", allowed="below 2^8")

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

    def macs(self, view: NodeView) -> int:
        weights = view.input(_WEIGHTS).shape
        return view.input(_INPUT).elements * weights[0] * weights[1] * weights[2]


OPERATOR = TransposeConv()
