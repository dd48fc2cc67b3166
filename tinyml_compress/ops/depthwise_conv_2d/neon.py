"""DEPTHWISE_CONV_2D of int8 with vectors of AArch64: sixteen channels in lanes."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._conv import conv_call
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._neon import BEYOND, suits
from tinyml_compress.ops._products import live_channels, live_rows, sliding_gap
from tinyml_compress.ops.base import Call, Consts, Overlap, Variant
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_depthwise_conv_2d_lanes__neon"
_LEAST = 8
"""Channels of the smallest vector."""
_POINTER = 8


def _accepts(view: NodeView) -> bool:
    window = node.window(view)
    is_plain = node.groups(view).outputs == 1 and window.in_c >= _LEAST
    return is_plain and suits(node.channels(view), node.rows(view))


def _taps(view: NodeView) -> int:
    """An even number of them."""
    return node.window(view).taps + node.window(view).taps % 2


def _emit(view: NodeView) -> tuple[Call, ...]:
    channels = node.channels(view)
    live = live_channels(channels)
    taps = live_rows(channels, node.rows(view)).T
    weights = np.pad(taps, ((0, _taps(view) - len(taps)), (0, 0))).astype(np.int8)
    columns = (
        np.where(live, channels.bias, 0),
        np.where(live, channels.multiplier, 0),
        np.where(live, channels.shift, -1),
    )
    tables = (
        Consts("weights", "int8_t", weights.reshape(-1), Role.WEIGHTS),
        Consts("channels", "int32_t", np.concatenate(columns).astype(np.int32)),
    )
    return (conv_call(view, _SYMBOL, node.window(view), node.groups(view), tables, scratch=True),)


def _counts(view: NodeView) -> Counts:
    window = node.window(view)
    each = 9 * (_taps(view) // 2) + 45
    return {"cycles": window.pixels * (8 * window.taps + each * ((window.in_c + 15) // 16))}


VARIANTS = only(
    ProductForm.S8,
    Variant(
        _SYMBOL,
        _accepts,
        _emit,
        scratch=lambda view: _POINTER * _taps(view) + node.window(view).in_c + BEYOND,
        overlap=lambda view: (Overlap(0, 0, sliding_gap(node.window(view), 0)),),
        counts=_counts,
        weight_bytes=lambda view: _taps(view) * node.window(view).in_c,
    ),
)
