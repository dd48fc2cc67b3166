"""DEPTHWISE_CONV_2D, int8, with any channel multiplier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._conv import ConvAttrs, Groups, check_conv, conv_call, conv_fields, conv_window
from tinyml_compress.ops._products import (
    Channels,
    Ints,
    Sliding,
    check_bias,
    check_weights,
    conv_multipliers,
    int32_table,
    requant_channels,
    sliding_gap,
    weight_values,
)
from tinyml_compress.ops.base import Call, Operator, OptionField, Options, Overlap, Role, Table, Variant

__all__ = ["OPERATOR", "DepthwiseConv2DAttrs"]


@dataclass(frozen=True)
class DepthwiseConv2DAttrs(ConvAttrs):
    """Attributes of DEPTHWISE_CONV_2D."""

    depth_multiplier: int = 1


def _window(view: NodeView) -> Sliding:
    return conv_window(view, view.input(1).shape[3])


def _groups(view: NodeView) -> Groups:
    return Groups(1, view.input(1).shape[3] // view.input(0).shape[3])


def _rows(view: NodeView) -> Ints:
    """Weights as one row of taps per output channel."""
    return weight_values(view).reshape(-1, view.input(1).shape[3]).T.astype(np.int64)


def _channels(view: NodeView) -> Channels:
    rows = _rows(view)
    return requant_channels(OPERATOR, view, rows, conv_multipliers(OPERATOR, view, len(rows)))


# --- tap by tap: any node -------------------------------------------------------------------------------------------


def _any(view: NodeView) -> bool:
    return True


def _plain_bias(view: NodeView) -> Ints:
    bias = view.optional_input(2)
    if bias is None or bias.data is None:
        return np.zeros(view.input(1).shape[3], np.int64)
    return np.asarray(bias.data, np.int64).reshape(-1)


def _emit_taps(view: NodeView) -> tuple[Call, ...]:
    channels = _channels(view)
    # The kernel skips taps outside the image, so it subtracts the zero point itself.
    table = int32_table(_plain_bias(view), channels.multiplier, channels.shift)
    tables = (
        Table("weights", "int8_t", weight_values(view), Role.WEIGHTS),
        Table("channels", "int32_t", table),
    )
    return (conv_call(view, "tc_s8_depthwise_conv_2d__c", _window(view), _groups(view), tables),)


def _overlap_taps(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, sliding_gap(_window(view), 0)),)


class DepthwiseConv2D(Operator):
    name = "DEPTHWISE_CONV_2D"
    attrs_type = DepthwiseConv2DAttrs
    options = Options("DepthwiseConv2DOptions", (*conv_fields(), OptionField("depth_multiplier", "depth_multiplier")))
    dtypes = ("int8",)
    limits = "constant weights"
    variants = (Variant("tc_s8_depthwise_conv_2d__c", _any, _emit_taps, overlap=_overlap_taps),)

    def check(self, view: NodeView) -> None:
        check_conv(self, view)
        in_c = view.input(0).shape[3]
        first, _, _, out_c = view.input(1).shape
        if first != 1 or out_c % in_c:
            raise self.refuse(
                view,
                "shape of the weights",
                found=view.input(1).shape,
                allowed=f"(1, height, width, multiple of {in_c})",
            )
        attrs = view.attrs
        assert isinstance(attrs, DepthwiseConv2DAttrs)
        if attrs.depth_multiplier != out_c // in_c:
            raise self.refuse(view, "depth multiplier", found=attrs.depth_multiplier, allowed=out_c // in_c)
        check_weights(self, view, 3, out_c)
        check_bias(self, view, out_c)
        conv_multipliers(self, view, out_c)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        window = _window(view)
        return ((window.batch, window.out_h, window.out_w, window.out_c),)

    def macs(self, view: NodeView) -> int:
        return view.output().elements * view.input(1).shape[1] * view.input(1).shape[2]


OPERATOR = DepthwiseConv2D()
