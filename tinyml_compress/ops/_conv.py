"""CONV_2D and DEPTHWISE_CONV_2D share attributes, geometry, most checks, and the parameters of their kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._products import (
    Sliding,
    axis_window,
    check_activation,
    finish_bounds,
)
from tinyml_compress.ops.base import Call, In, Operator, OptionField, Out, Ref, Scratch, Table
from tinyml_compress.ops.numerics import Activation, Padding

__all__ = ["ConvAttrs", "Groups", "check_conv", "conv_attrs", "conv_call", "conv_fields", "conv_window"]

_LARGEST = 1 << 15


@dataclass(frozen=True)
class ConvAttrs(Attrs):
    """Attributes of both convolutions."""

    padding: Padding = Padding.SAME
    stride_w: int = 1
    stride_h: int = 1
    activation: Activation = Activation.NONE
    dilation_w: int = 1
    dilation_h: int = 1
    pads: tuple[int, int, int, int] | None = None
    """(top, bottom, left, right) in place of `padding`: a PAD folded into this node."""


@dataclass(frozen=True)
class Groups:
    """How output channels map to input channels: channel c sees `inputs` channels from c // outputs * inputs on."""

    inputs: int
    outputs: int


def conv_fields() -> tuple[OptionField, ...]:
    """The schema fields that both convolutions have."""
    return (
        OptionField("padding", "padding", Padding),
        OptionField("stride_w", "stride_w"),
        OptionField("stride_h", "stride_h"),
        OptionField("activation", "fused_activation_function", Activation),
        OptionField("dilation_w", "dilation_w_factor"),
        OptionField("dilation_h", "dilation_h_factor"),
    )


def conv_attrs(view: NodeView) -> ConvAttrs:
    assert isinstance(view.attrs, ConvAttrs)
    return view.attrs


def conv_window(view: NodeView, out_c: int) -> Sliding:
    """The window of a checked convolution. A kernel of one row or column has no dilation along it."""
    attrs = conv_attrs(view)
    batch, height, width, channels = view.input(0).shape
    _, kernel_h, kernel_w, _ = view.input(1).shape
    dilation_h = attrs.dilation_h if kernel_h > 1 else 1
    dilation_w = attrs.dilation_w if kernel_w > 1 else 1
    if attrs.pads is None:
        out_h, top = axis_window(attrs.padding, height, kernel_h, attrs.stride_h, dilation_h)
        out_w, left = axis_window(attrs.padding, width, kernel_w, attrs.stride_w, dilation_w)
    else:
        top, bottom, left, right = attrs.pads
        out_h = axis_window(Padding.VALID, height + top + bottom, kernel_h, attrs.stride_h, dilation_h)[0]
        out_w = axis_window(Padding.VALID, width + left + right, kernel_w, attrs.stride_w, dilation_w)[0]
    return Sliding(
        batch=batch,
        in_h=height,
        in_w=width,
        in_c=channels,
        out_h=out_h,
        out_w=out_w,
        out_c=out_c,
        kernel_h=kernel_h,
        kernel_w=kernel_w,
        stride_h=attrs.stride_h,
        stride_w=attrs.stride_w,
        pad_top=top,
        pad_left=left,
        dilation_h=dilation_h,
        dilation_w=dilation_w,
    )


def check_conv(op: Operator, view: NodeView) -> None:
    """Everything about a convolution's tensors and attributes but channels, groups and scales."""
    inputs = len(view.node.inputs)
    if inputs not in (2, 3) or any(name is None for name in view.node.inputs[:2]) or len(view.node.outputs) != 1:
        raise op.refuse(view, "number of inputs or outputs", found=inputs, allowed="2 or 3 inputs, 1 output")
    source, weights, target = view.input(0), view.input(1), view.output()
    for tensor in (source, target):
        _checks.dtypes(op, view, tensor, (DType.INT8,))
    for tensor in (source, weights):
        _checks.full_rank(op, view, tensor, 4, 4)
        if min(tensor.shape) < 1:
            raise op.refuse(view, f"empty tensor {tensor.name}", found=tensor.shape, allowed="sizes of 1 or more")
    _checks.quantization(op, view, source)
    attrs = conv_attrs(view)
    check_activation(op, view, attrs.activation, _checks.quantization(op, view, target))
    for name in ("stride_w", "stride_h", "dilation_w", "dilation_h"):
        value = int(getattr(attrs, name))
        if not 1 <= value <= _LARGEST:
            raise op.refuse(view, name, found=value, allowed=f"1 to {_LARGEST}")
    if attrs.pads is not None and not all(0 <= pad <= _LARGEST for pad in attrs.pads):
        raise op.refuse(view, "padding", found=attrs.pads, allowed=f"0 to {_LARGEST} on each side")
    window = conv_window(view, 1)
    if window.out_h < 1 or window.out_w < 1:
        raise op.refuse(
            view,
            "kernel larger than the image",
            found=f"{window.kernel_h} x {window.kernel_w} on {window.in_h} x {window.in_w}",
            allowed="a kernel that fits, or SAME padding",
        )


def conv_call(
    view: NodeView,
    symbol: str,
    window: Sliding,
    groups: Groups,
    tables: Sequence[Table],
    *,
    scratch: bool = False,
    struct: str = "tc_s8_conv",
    extra: tuple[tuple[str, int], ...] = (),
) -> Call:
    """The call of a convolution kernel with tables `weights` and `channels`; `extra` fields end its struct."""
    quant = view.input(0).quant
    assert quant is not None
    return Call(
        symbol,
        struct,
        (
            *window.params(),
            ("group_in", groups.inputs),
            ("group_out", groups.outputs),
            ("in_zero", quant.zero_point),
            *finish_bounds(conv_attrs(view).activation, view.output()),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
            *extra,
        ),
        (In(0), Out(), Scratch()) if scratch else (In(0), Out()),
        tuple(tables),
    )
