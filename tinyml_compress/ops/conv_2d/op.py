"""CONV_2D, int8, grouped too."""

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
from tinyml_compress.ops.base import Call, Operator, Options, Overlap, Role, Table, Variant

__all__ = ["OPERATOR", "Conv2DAttrs"]


@dataclass(frozen=True)
class Conv2DAttrs(ConvAttrs):
    """Attributes of CONV_2D."""


def _window(view: NodeView) -> Sliding:
    return conv_window(view, view.input(1).shape[0])


def _groups(view: NodeView) -> Groups:
    out_c, _, _, per_group = view.input(1).shape
    return Groups(per_group, out_c * per_group // view.input(0).shape[3])


def _rows(view: NodeView) -> Ints:
    """Weights as one row per output channel."""
    return weight_values(view).reshape(view.input(1).shape[0], -1).astype(np.int64)


def _channels(view: NodeView) -> Channels:
    rows = _rows(view)
    return requant_channels(OPERATOR, view, rows, conv_multipliers(OPERATOR, view, len(rows)))


# --- tap by tap: any node -------------------------------------------------------------------------------------------


def _any(view: NodeView) -> bool:
    return True


def _plain_bias(view: NodeView) -> Ints:
    bias = view.optional_input(2)
    if bias is None or bias.data is None:
        return np.zeros(view.input(1).shape[0], np.int64)
    return np.asarray(bias.data, np.int64).reshape(-1)


def _emit_taps(view: NodeView) -> tuple[Call, ...]:
    channels = _channels(view)
    # The kernel skips taps outside the image, so it subtracts the zero point itself.
    table = int32_table(_plain_bias(view), channels.multiplier, channels.shift)
    tables = (
        Table("weights", "int8_t", weight_values(view), Role.WEIGHTS),
        Table("channels", "int32_t", table),
    )
    return (conv_call(view, "tc_s8_conv_2d__c", _window(view), _groups(view), tables),)


def _overlap_taps(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, sliding_gap(_window(view), 0)),)


class Conv2D(Operator):
    name = "CONV_2D"
    attrs_type = Conv2DAttrs
    options = Options("Conv2DOptions", conv_fields())
    dtypes = ("int8",)
    limits = "constant weights"
    variants = (Variant("tc_s8_conv_2d__c", _any, _emit_taps, overlap=_overlap_taps),)

    def check(self, view: NodeView) -> None:
        check_conv(self, view)
        in_c = view.input(0).shape[3]
        out_c, _, _, per_group = view.input(1).shape
        if in_c % per_group or out_c % (in_c // per_group):
            raise self.refuse(
                view,
                "channels do not divide into groups",
                found=f"{in_c} input channels, {per_group} per filter, {out_c} output channels",
                allowed="input channels a multiple of the filter's, output channels a multiple of the groups",
            )
        check_weights(self, view, 0, out_c)
        check_bias(self, view, out_c)
        conv_multipliers(self, view, out_c)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        window = _window(view)
        return ((window.batch, window.out_h, window.out_w, window.out_c),)

    def macs(self, view: NodeView) -> int:
        return view.output().elements * int(np.prod(view.input(1).shape[1:]))


OPERATOR = Conv2D()
