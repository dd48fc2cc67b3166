"""CONV_2D of int8 with vectors of AArch64: four windows, as rows of bytes, by four output channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._conv import conv_call
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._neon import BEYOND, spare_rows, steps, suits, tables, tile_counts, weight_bytes
from tinyml_compress.ops._products import Sliding, sliding_gap
from tinyml_compress.ops.base import Call, Overlap, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.work import Counts

_IN_PLACE = "tc_s8_conv_2d_in_place__neon"
_WINDOWS = "tc_s8_conv_2d_windows__neon"
_BEFORE = 3
"""Pixels of a tile that are written while an earlier one is read."""


def _accepts(view: NodeView) -> bool:
    return node.is_ungrouped(view) and suits(node.channels(view), node.rows(view))


def _is_in_place(view: NodeView) -> bool:
    window = node.window(view)
    return window.taps == 1 and not window.padded and _accepts(view)


def _line(view: NodeView) -> Sliding:
    """The window; where every pixel is one, that of an image with a single line."""
    window = node.window(view)
    if not window.pointwise:
        return window
    return replace(window, batch=1, in_h=1, in_w=window.pixels, out_h=1, out_w=window.pixels)


def _wide(view: NodeView) -> Sliding:
    """The window; where every line is one pixel, that of an image with a single line."""
    at = node.window(view)
    if not at.in_w == at.out_w == at.kernel_w == 1 or at.pad_left:
        return at
    lines = {"in_w": at.in_h, "out_w": at.out_h, "kernel_w": at.kernel_h, "stride_w": at.stride_h}
    lines |= {"pad_left": at.pad_top, "dilation_w": at.dilation_h}
    return replace(at, in_h=1, out_h=1, kernel_h=1, stride_h=1, pad_top=0, dilation_h=1, **lines)


def _emit(symbol: str, window: Callable[[NodeView], Sliding]) -> Callable[[NodeView], tuple[Call, ...]]:
    def emit(view: NodeView) -> tuple[Call, ...]:
        constants = tables(node.channels(view), node.rows(view))
        return (conv_call(view, symbol, window(view), node.groups(view), constants, scratch=True),)

    return emit


def _counts(window: Callable[[NodeView], Sliding], moved: int) -> Callable[[NodeView], Counts]:
    def counts(view: NodeView) -> Counts:
        at, depth = window(view), node.depth(view)
        tiles = tile_counts(at.out_w, at.out_c, depth)["cycles"]
        return {"cycles": at.batch * at.out_h * tiles + moved * (at.pixels * steps(depth) / 2 + at.runs)}

    return counts


def _weight_bytes(view: NodeView) -> int:
    return weight_bytes(view.input(1).shape[0], node.depth(view))


def _overlap(pixels: int) -> Callable[[NodeView], tuple[Overlap, ...]]:
    def overlap(view: NodeView) -> tuple[Overlap, ...]:
        window = node.window(view)
        return (Overlap(0, 0, sliding_gap(window, 0) + pixels * window.out_c),)

    return overlap


def _spare(view: NodeView) -> int:
    """Four pixels, where whole steps may end behind the image."""
    depth = node.depth(view)
    return spare_rows(depth) if depth % 8 else 0


VARIANTS = only(
    ProductForm.S8,
    Variant(
        _IN_PLACE,
        _is_in_place,
        _emit(_IN_PLACE, _line),
        scratch=_spare,
        overlap=_overlap(_BEFORE),
        counts=_counts(_line, 0),
        weight_bytes=_weight_bytes,
    ),
    Variant(
        _WINDOWS,
        _accepts,
        _emit(_WINDOWS, _wide),
        scratch=lambda view: spare_rows(node.depth(view)) + 4 * BEYOND,
        overlap=_overlap(0),
        counts=_counts(_wide, 4),
        weight_bytes=_weight_bytes,
    ),
)
