"""CONV_2D and DEPTHWISE_CONV_2D share attributes, geometry, most checks, and the parameters of
their kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops import _checks
from tinyml_compress.ops._forms import (
    ProductForm,
    bias_values,
    check_wide,
    float_params,
    float_tables,
    form_of,
    only,
    wide_table,
)
from tinyml_compress.ops._products import (
    Ints,
    Sliding,
    axis_window,
    check_bias,
    check_sides,
    check_weights,
    conv_multipliers,
    finish_bounds,
    int32_table,
    sliding_gap,
    weight_values,
)
from tinyml_compress.ops._weighted import WeightedOperator
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import (
    Call,
    Consts,
    In,
    Out,
    Overlap,
    ParamValue,
    Ref,
    Scratch,
    Variant,
    refuse,
)
from tinyml_compress.ops.numerics import Activation, Fused, Padding
from tinyml_compress.ops.structs import WINDOW, Field, floats, ints, pointers, struct
from tinyml_compress.ops.work import Counts

STRUCTS = (
    struct(
        "tc_s8_conv",
        WINDOW,
        ints("group_in", note="input channels that one output channel sees"),
        ints("group_out", note="output channels that see the same input channels"),
        ints("in_zero out_zero act_min act_max"),
        pointers("int8_t", "weights"),
        pointers("int32_t", "channels", note="per output channel, laid out as the kernel says"),
    ),
    struct(
        "tc_f32_conv",
        WINDOW,
        ints("group_in", note="input channels that one output channel sees"),
        ints("group_out", note="output channels that see the same input channels"),
        floats("act_min act_max"),
        pointers("float", "weights bias"),
    ),
)

OPTIONS = {"dilation_w": "dilation_w_factor", "dilation_h": "dilation_h_factor"}
"""What the schema calls otherwise."""
CONV = (Field("conv", STRUCTS[0].name, inner=STRUCTS[0]),)
"""The parameters that all convolutions of int8 have."""
_LARGEST_PAD = 1 << 15


@dataclass(frozen=True)
class ConvAttrs(Fused):
    """Attributes of both convolutions."""

    padding: Padding = Padding.SAME
    stride_w: int = 1
    stride_h: int = 1
    activation: Activation = Activation.NONE
    dilation_w: int = 1
    dilation_h: int = 1
    pads: tuple[int, int, int, int] | None = None
    """(top, bottom, left, right) in place of `padding`: a PAD folded into this node."""
    strip_of: int | None = field(default=None, kw_only=True)
    """Pixels of the output that it makes some of: what a kernel does once per call, it then does often."""


class ConvOperator(WeightedOperator):
    """What both are to the rest of the tool."""

    def padded(self, view: NodeView) -> bool:
        return conv_window(view, view.input(1).shape[self.weights.outputs]).padded

    def along(self, view: NodeView, axis: int) -> Along | None:
        bare = replace(conv_attrs(view), padding=Padding.VALID, pads=None)
        return conv_window(view, view.input(1).shape[self.weights.outputs]).along(axis, bare)

    def cut(self, view: NodeView, axis: int, before: int, after: int) -> ConvAttrs:
        window = conv_window(view, 1)
        pads = window.pads(axis, before, after)
        return replace(conv_attrs(view), padding=Padding.VALID, pads=pads, strip_of=window.pixels)


@dataclass(frozen=True)
class Groups:
    """How output channels map to input channels: channel c sees `inputs` channels from c // outputs * inputs
    on.
    """

    inputs: int
    outputs: int


def conv_attrs(view: NodeView) -> ConvAttrs:
    return view.attrs(ConvAttrs)


def is_relu(view: NodeView) -> bool:
    """Whether nothing but a cut at the least value is between a sum and its int8."""
    quant = view.output().quant
    return quant is None or quant.zero_point == -128


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


def check_conv(view: NodeView) -> None:
    """Everything about a convolution's tensors and attributes but channels, groups and scales."""
    inputs = len(view.node.inputs)
    if (
        inputs not in (2, 3)
        or any(name is None for name in view.node.inputs[:2])
        or len(view.node.outputs) != 1
    ):
        raise refuse(view, "number of inputs or outputs", found=inputs, allowed="2 or 3 inputs, 1 output")
    source, weights = view.input(0), view.input(1)
    for tensor in (source, weights):
        _checks.full_rank(view, tensor, 4, 4)
        if min(tensor.shape) < 1:
            raise refuse(
                view, f"empty tensor {tensor.name}", found=tensor.shape, allowed="sizes of 1 or more"
            )
    attrs = conv_attrs(view)
    check_sides(view, attrs.activation)
    for name in ("stride_w", "stride_h", "dilation_w", "dilation_h"):
        _checks.step(view, name, int(getattr(attrs, name)))
    if attrs.pads is not None and not all(0 <= pad <= _LARGEST_PAD for pad in attrs.pads):
        raise refuse(view, "padding", found=attrs.pads, allowed=f"0 to {_LARGEST_PAD} on each side")
    window = conv_window(view, 1)
    if window.out_h < 1 or window.out_w < 1:
        raise refuse(
            view,
            "kernel larger than the image",
            found=f"{window.kernel_h} x {window.kernel_w} on {window.in_h} x {window.in_w}",
            allowed="a kernel that fits, or SAME padding",
        )


def check_conv_numbers(view: NodeView, axis: int, rows: Callable[[NodeView], Ints]) -> None:
    """Weights, bias and multipliers, for `rows` of weights (one per output channel) along that axis of the
    weights.
    """
    channels = view.input(1).shape[axis]
    check_weights(view, axis, channels)
    check_bias(view, channels)
    form = form_of(view)
    if form is ProductForm.F32:
        return
    multipliers = conv_multipliers(view, channels)
    if form is ProductForm.S16:
        check_wide(view, rows(view), multipliers, bias_values(view, channels))


def conv_call(
    view: NodeView,
    symbol: str,
    window: Sliding,
    groups: Groups,
    tables: Sequence[Consts],
    *,
    scratch: bool = False,
    struct: str = "tc_s8_conv",
    extra: tuple[tuple[str, int], ...] = (),
) -> Call:
    """The call of a convolution kernel with tables `weights` and `channels`; `extra` fields end
    its struct.
    """
    quant = view.quant(0)
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


# --- kernels tap by tap, which take every node of their form ------------------------------------------------


@dataclass(frozen=True)
class Taps:
    """What the kernels that go tap by tap need to know of a convolution."""

    name: str
    axis: int
    """Of the weights, along which output channels lie."""
    groups: Callable[[NodeView], Groups]

    def window(self, view: NodeView) -> Sliding:
        return conv_window(view, view.input(1).shape[self.axis])

    def macs(self, view: NodeView) -> int:
        weights = view.input(1)
        return view.output().elements * (weights.elements // weights.shape[self.axis])

    def counts(self, view: NodeView) -> Counts:
        window, outputs = self.window(view), view.output().elements
        return {
            "products": window.reached * window.out_c * self.groups(view).inputs,
            "taps": outputs * window.taps,
            "rows": outputs * window.kernel_h,
            "outputs": outputs,
        }

    def variants(self) -> tuple[Variant, ...]:
        """One kernel per form; none needs scratch, all may write over input that no later window reads."""
        return (
            *only(ProductForm.S8, self.variant(f"tc_s8_{self.name}__c", self.emit_narrow)),
            *only(ProductForm.S16, self.variant(f"tc_s16_{self.name}__c", self._emit_wide)),
            *only(ProductForm.F32, self.variant(f"tc_f32_{self.name}__c", self._emit_f32)),
        )

    def narrow(self) -> tuple[Variant, ...]:
        """Of int16 with an int32 bias."""
        return only(ProductForm.S16_NARROW, self.variant(f"tc_s16_{self.name}_narrow__c", self.emit_narrow))

    def variant(
        self,
        symbol: str,
        emit: Callable[[NodeView, str], tuple[Call, ...]],
        scratch: Callable[[NodeView], int] = lambda view: 0,
    ) -> Variant:
        """A kernel that reads a pixel's window while it writes that pixel."""
        return Variant(
            symbol,
            lambda view: True,
            lambda view: emit(view, symbol),
            scratch=scratch,
            overlap=self._overlap,
            counts=self.counts,
        )

    def _overlap(self, view: NodeView) -> tuple[Overlap, ...]:
        return (Overlap(0, 0, sliding_gap(self.window(view), 0) * view.output().dtype.itemsize),)

    def _weights(self, view: NodeView) -> Consts:
        return Consts("weights", "int8_t", weight_values(view), Role.WEIGHTS)

    def emit_narrow(self, view: NodeView, symbol: str) -> tuple[Call, ...]:
        """The call for 32-bit accumulators, with weights as in the file."""
        channels = view.input(1).shape[self.axis]
        pairs = np.array(conv_multipliers(view, channels), np.int64)
        # The kernels skip taps outside the image, so they subtract the zero point themselves.
        table = int32_table(bias_values(view, channels), pairs[:, 0], pairs[:, 1])
        tables = (self._weights(view), Consts("channels", "int32_t", table))
        return (conv_call(view, symbol, self.window(view), self.groups(view), tables),)

    def _emit_wide(self, view: NodeView, symbol: str) -> tuple[Call, ...]:
        channels = view.input(1).shape[self.axis]
        table = wide_table(bias_values(view, channels), conv_multipliers(view, channels))
        tables = (self._weights(view), Consts("channels", "int32_t", table))
        return (conv_call(view, symbol, self.window(view), self.groups(view), tables),)

    def _emit_f32(self, view: NodeView, symbol: str) -> tuple[Call, ...]:
        groups = self.groups(view)
        tables = float_tables(view, view.input(1).shape[self.axis])
        params: tuple[tuple[str, ParamValue], ...] = (
            *self.window(view).params(),
            ("group_in", groups.inputs),
            ("group_out", groups.outputs),
            *float_params(conv_attrs(view).activation),
            ("weights", Ref("weights")),
            ("bias", Ref("bias")),
        )
        return (Call(symbol, "tc_f32_conv", params, (In(0), Out()), tables),)
