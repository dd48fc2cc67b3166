"""DEPTHWISE_CONV_2D of int16 on Helium: eight channels in lanes."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._conv import conv_call
from tinyml_compress.ops._forms import ProductForm, bias_values, only
from tinyml_compress.ops._mve import are_words, channel_table, wide_channels
from tinyml_compress.ops._products import Channels, conv_multipliers, live_rows, sliding_gap
from tinyml_compress.ops.base import Call, Consts, Overlap, Variant
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s16_depthwise_conv_2d_lanes__mve"


def _channels(view: NodeView) -> Channels:
    rows = node.rows(view)
    return wide_channels(rows, bias_values(view, len(rows)), conv_multipliers(view, len(rows)))


def _even_then_odd(channels: Channels) -> Channels:
    """Of each eight, as products of halves come."""
    more = -channels.count % 8
    order = np.arange(channels.count + more).reshape(-1, 4, 2).transpose(0, 2, 1).reshape(-1)
    columns = (channels.bias, channels.multiplier, channels.shift, channels.peak)
    return Channels(*(np.pad(column, (0, more))[order] for column in columns))


def _emit(view: NodeView) -> tuple[Call, ...]:
    channels = _channels(view)
    rows = live_rows(channels, node.rows(view))
    taps = np.pad(rows, ((0, -len(rows) % 8), (0, 0))).reshape(-1, 8, rows.shape[1]).transpose(0, 2, 1)
    tables = (
        Consts("weights", "int8_t", taps.reshape(-1).astype(np.int8), Role.WEIGHTS),
        Consts("channels", "int32_t", channel_table(_even_then_odd(channels), 1)),
    )
    return (conv_call(view, _SYMBOL, node.window(view), node.groups(view), tables),)


def _overlap(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, 2 * sliding_gap(node.window(view), 0)),)


def _eights(view: NodeView) -> int:
    return (node.window(view).in_c + 7) // 8


def _counts(view: NodeView) -> Counts:
    window = node.window(view)
    eights = window.pixels * _eights(view)
    return {
        "steps": eights * window.taps,
        "runs": eights * window.kernel_h,
        "eights": eights,
        "pixels": window.pixels,
    }


VARIANTS = only(
    ProductForm.S16,
    Variant(
        _SYMBOL,
        lambda view: node.groups(view).outputs == 1 and are_words(_channels(view)),
        _emit,
        overlap=_overlap,
        counts=_counts,
        weight_bytes=lambda view: 8 * _eights(view) * node.window(view).taps,
    ),
)
