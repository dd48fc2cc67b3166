"""CONV_2D of 3x3 by F(2x2, 3x3) on SMLAD: fewer products for more weight bytes."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._conv import conv_attrs, is_relu
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Ints, live_rows
from tinyml_compress.ops.base import Consts, Level, Overlap, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.conv_2d.block import block_emit, unpacked_bytes
from tinyml_compress.ops.work import Counts

_LEAST_PIXELS = 128
"""Below so many output pixels the weights cost more flash than the products save time."""


def _suits(view: NodeView) -> bool:
    """Whether the node's shape suits tiles, whatever its numbers."""
    window = node.window(view)
    return (
        (window.kernel_h, window.kernel_w) == (3, 3)
        and window.stride_h == window.stride_w == window.dilation_h == window.dilation_w == 1
        and window.in_c % 8 == 0
        and window.out_c % 2 == 0
        and (conv_attrs(view).strip_of or window.pixels) >= _LEAST_PIXELS
    )


def _fits(view: NodeView) -> bool:
    """Whether four times each sum is an int32, as twice it must be for the other kernels."""
    fast = node.fast(view)
    if fast is None:
        return False
    rows = live_rows(node.channels(view), node.rows(view))
    return int((np.abs(fast[0::4].astype(np.int64)) + 128 * np.abs(rows).sum(axis=1)).max()) < 1 << 29


def _variant(symbol: str, *, relu: bool) -> Variant:
    def accepts(view: NodeView) -> bool:
        return (not relu or is_relu(view)) and _suits(view) and node.is_ungrouped(view) and _fits(view)

    return Variant(
        symbol,
        accepts,
        block_emit(symbol, _weights, bias=4),
        frozenset({Level.SPEED}),
        scratch=_scratch,
        overlap=_overlap,
        counts=lambda view: _counts(view, relu),
        weight_bytes=lambda view: 32 * view.input(1).nbytes // 9,
    )


def _counts(view: NodeView, relu: bool) -> Counts:
    window = node.window(view)
    tiles = window.batch * ((window.out_h + 1) // 2) * ((window.out_w + 1) // 2)
    blocks, pairs = (tiles + 3) // 4, window.out_c // 2
    return {
        "steps": blocks * pairs * 8 * window.in_c,
        "ends": blocks * pairs,
        "clamps": 0 if relu else blocks * pairs,
        "gathered": blocks * window.in_c,
        "blocks": blocks,
        "channels": unpacked_bytes(view) // 16,
    }


_TAPS = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]])
"""Twice what the taps along an axis become."""


def _weights(view: NodeView, rows: Ints) -> Consts:
    """Per two channels A, B, product and pair of input channels k, l: [A.k, A.l], [B.k, B.l]."""
    count, depth = len(rows), view.input(0).shape[3]
    taps = rows.reshape(count, 3, 3, depth // 4, 4)[..., [0, 2, 1, 3]].reshape(count, 3, 3, depth)
    products = np.einsum("iy,jx,nyxc->nijc", _TAPS, _TAPS, taps)
    words = products.reshape(count // 2, 2, 16, depth // 2, 2).transpose(0, 2, 3, 1, 4)
    return Consts("weights", "int16_t", words.reshape(-1).astype(np.int16), Role.WEIGHTS)


_SUMS = 512


def _scratch(view: NodeView) -> int:
    """Transformed inputs of four tiles, sums, the channels' parameters; five times four pixels."""
    in_c = view.input(0).shape[3]
    return 128 * in_c + _SUMS + unpacked_bytes(view) + 20 * in_c


def _overlap(view: NodeView) -> tuple[Overlap, ...]:
    """Output runs ahead of the inputs of what follows four tiles, which lie in rows of two pixels."""
    window = node.window(view)
    across, down = (window.out_w + 1) // 2, (window.out_h + 1) // 2
    tile = np.arange(window.batch * across * down)
    image, row, column = tile // (across * down), tile // across % down * 2, tile % across * 2
    last = np.minimum(row + 1, window.out_h - 1) * window.out_w + np.minimum(column + 2, window.out_w)
    ends = np.maximum.accumulate((image * window.out_h * window.out_w + last) * window.out_c)
    top, left = np.maximum(row - window.pad_top, 0), np.maximum(column - window.pad_left, 0)
    starts = ((image * window.in_h + top) * window.in_w + left) * window.in_c
    needed = np.minimum.accumulate(starts[::-1])[::-1]
    gaps = ends[3:-1:4] - needed[4::4]
    return (Overlap(0, 0, max(0, int(gaps.max(initial=0)))),)


VARIANTS = only(
    ProductForm.S8,
    _variant("tc_s8_conv_2d_winograd_relu__dsp", relu=True),
    _variant("tc_s8_conv_2d_winograd__dsp", relu=False),
)
