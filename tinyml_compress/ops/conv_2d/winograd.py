"""CONV_2D of 3x3 by F(2,3) along rows on SMLAD: fewer products for more weight bytes."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Ints, sliding_gap
from tinyml_compress.ops.base import Consts, Level, Overlap, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.conv_2d.block import block_emit, is_relu, unpacked_bytes

_LEAST_PIXELS = 128
"""Below so many output pixels the weights cost more flash than the products save time."""


def _suits(view: NodeView) -> bool:
    """Whether the node's shape suits F(2,3), whatever its numbers."""
    window = node.window(view)
    return (
        (window.kernel_h, window.kernel_w) == (3, 3)
        and window.stride_h == window.stride_w == window.dilation_h == window.dilation_w == 1
        and window.in_c % 8 == 0
        and window.out_c % 2 == 0
        and window.out_w % 2 == 0
        and window.pixels >= _LEAST_PIXELS
    )


def _variant(symbol: str, *, relu: bool) -> Variant:
    def accepts(view: NodeView) -> bool:
        return (not relu or is_relu(view)) and _suits(view) and node.has_fast(view)

    def cycles(view: NodeView) -> float:
        window = node.window(view)
        blocks = (window.pixels + 7) // 8
        products = 4 * (17.3 * 3 * window.in_c / 2) + (230.0 if relu else 246.0)
        return blocks * (window.out_c / 2 * products + 4 * 3 * (window.in_c / 4 * 50.0 + 60.0))

    return Variant(
        symbol,
        accepts,
        block_emit(symbol, _weights),
        frozenset({Level.SPEED}),
        scratch=_scratch,
        overlap=_overlap,
        cycles=cycles,
        weight_bytes=lambda view: 8 * view.input(1).nbytes // 3,
    )


def _weights(view: NodeView, rows: Ints) -> Consts:
    """Per two channels the four products' taps: [A.k, A.l], [B.k, B.l] per kernel row and pair of channels k,
    l.
    """
    count, depth = len(rows), view.input(0).shape[3]
    taps = rows.reshape(count, 3, 3, depth // 4, 4)[..., [0, 2, 1, 3]]
    first, middle, last = taps[:, :, 0], taps[:, :, 1], taps[:, :, 2]
    products = np.stack([first + middle + last, first - middle + last, -2 * last, 2 * first], axis=1)
    words = products.reshape(count // 2, 2, 4, 3 * depth // 2, 2).transpose(0, 2, 3, 1, 4)
    return Consts("weights", "int16_t", words.reshape(-1).astype(np.int16), Role.WEIGHTS)


def _scratch(view: NodeView) -> int:
    in_c = view.input(0).shape[3]
    return unpacked_bytes(view) + 96 * in_c + in_c


def _overlap(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, sliding_gap(node.window(view), 8)),)


VARIANTS = only(
    ProductForm.S8,
    _variant("tc_s8_conv_2d_winograd_relu__dsp", relu=True),
    _variant("tc_s8_conv_2d_winograd__dsp", relu=False),
)
