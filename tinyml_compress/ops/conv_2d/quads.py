"""CONV_2D on SMLAD: blocks of two pixels by four channels, whose weights share halfwords."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._conv import is_relu
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Ints, live_channels, live_rows, sliding_gap
from tinyml_compress.ops.base import Consts, Level, Overlap, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.conv_2d.block import (
    Table,
    block_emit,
    bytes_scratch,
    depth_pairs,
    gathered_counts,
    is_strip,
    pair_channels,
    unpacked_bytes,
    words_scratch,
)
from tinyml_compress.ops.work import Counts

_CHANNELS = 4
_STAGED = 4096
"""Bytes of weights that are copied to RAM."""


def _takes(view: NodeView) -> bool:
    if view.output().shape[3] % _CHANNELS or not node.has_fast(view):
        return False
    rows = live_rows(node.channels(view), node.rows(view))
    return bool(np.abs(rows).sum(axis=1).max() < 1 << 16 and _halfwords(rows).min() >= -(1 << 15))


def _halfwords(rows: Ints) -> Ints:
    """256 a + b: of each two channels, the first's weights and the second's."""
    return 256 * rows[0::2] + rows[1::2]


def _scales(view: NodeView) -> bool:
    """Whether each channel's sums can be scaled so that all end with one shift (tc_conv_scale)."""
    held, fast = is_strip(view) or unpacked_bytes(view) > 0, node.fast(view)
    if fast is None or not held or not is_relu(view):
        return False
    channels = node.channels(view)
    live, shift = live_channels(channels), fast[3::4].astype(np.int64)
    fits = (shift <= 9) & (channels.peak << 17 - np.minimum(shift, 9) < 1 << 31)
    return bool(fits[live].all())


def _scaled_channels(fast: Table) -> Table:
    """What the kernel makes of packed ones (tc_conv_scale): of two channels the biases, what sums of A and of
    B are multiplied by, then multiplier and half of each.
    """
    bias, multiplier, _, shift = fast.astype(np.int64).reshape(-1, 2, 4).transpose(2, 0, 1)
    more = 16 - shift
    factors = np.stack([1 << more[:, 0] - 7, 2 << more[:, 1]], axis=1)
    ends = np.stack([multiplier, (1 << 15) + (1 << more >> 1)], axis=2)
    table = np.concatenate([bias << more, factors, ends.reshape(-1, 4)], axis=1)
    scaled: Table = table.astype(np.int32).reshape(-1)
    return scaled


def _weights(view: NodeView, rows: Ints) -> Consts:
    """Per four channels A to D and two values k, l: the halfwords AB.k, AB.l, CD.k, CD.l. Values are padded
    to fours, and of each four come in the order 0, 2, 1, 3, as SXTB16 unpacks them.
    """
    pairs = _halfwords(rows)
    padded = np.pad(pairs, ((0, 0), (0, -pairs.shape[1] % 4)))
    # [four channels][two of them][fours of values][1 or 3][0 or 2]
    blocks = padded.reshape(-1, 2, padded.shape[1] // 4, 2, 2).transpose(0, 2, 4, 1, 3)
    return Consts("weights", "int8_t", blocks.astype("<i2").reshape(-1).view(np.int8), Role.WEIGHTS)


def _bytes(view: NodeView) -> int:
    return 2 * depth_pairs(view) * view.output().shape[3]


def _overlap(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, sliding_gap(node.window(view), 4)),)


def _variant(gathered_by: str, weights: str, scaled: bool) -> Variant:
    symbol = f"tc_s8_conv_2d_{gathered_by}_{weights}{'_scaled' * scaled}__dsp"
    words, staged = gathered_by == "words", weights == "staged"
    gathered = words_scratch if words else bytes_scratch

    def accepts(view: NodeView) -> bool:
        whole = not words or view.input(0).shape[3] % 4 == 0
        held = not staged or _bytes(view) <= _STAGED
        return whole and held and _takes(view) and (not scaled or _scales(view))

    def scratch(view: NodeView) -> int:
        return gathered(view) + (_bytes(view) if staged else 0)

    def counts(view: NodeView) -> Counts:
        window, depth = node.window(view), depth_pairs(view)
        blocks = (window.pixels + 1) // 2
        groups = blocks * window.out_c // _CHANNELS
        return {
            "steps": groups * depth,
            "ends": groups,
            "clamps": 0 if scaled else groups,
            "gathered": window.pixels * depth,
            **gathered_counts(window, words),
            "blocks": blocks,
            "channels": unpacked_bytes(view) // 16,
            "staged": _bytes(view) if staged else 0,
        }

    return Variant(
        symbol,
        accepts,
        block_emit(symbol, _weights, bias=2, unpacked=_scaled_channels if scaled else pair_channels),
        levels=frozenset({Level.SPEED}) if staged else frozenset(Level),
        scratch=scratch,
        overlap=_overlap,
        counts=counts,
    )


VARIANTS = only(
    ProductForm.S8,
    *(
        _variant(gathered_by, weights, scaled)
        for weights in ("staged", "quads")
        for gathered_by in ("words", "bytes")
        for scaled in (True, False)
    ),
)
