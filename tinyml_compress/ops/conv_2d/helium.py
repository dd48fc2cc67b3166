"""CONV_2D of int8 and int16 on Helium: two windows, as rows of bytes, by four output channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._conv import Groups, conv_call
from tinyml_compress.ops._forms import ProductForm, bias_values, only
from tinyml_compress.ops._mve import are_words, shifts_right, stream_bytes, tables, vectors, wide_channels
from tinyml_compress.ops._products import Channels, Ints, Sliding, conv_multipliers, sliding_gap
from tinyml_compress.ops.base import Call, Consts, Overlap, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.conv_2d.sparse import band_gap
from tinyml_compress.ops.work import Counts

_PIXELS = "tc_s8_conv_2d_pixels__mve"
_STRIPS = "tc_s8_conv_2d_strips__mve"
_WIDE_STRIPS = "tc_s16_conv_2d_strips__mve"
_WISHED = 2 << 10
"""Bytes of scratch, as long as two windows need no more."""
_WISHED_OF_A_ROW = 256
"""The same where windows are one row high: strips of many pixels are short."""


def _takes(suits: Callable[[NodeView], bool]) -> Callable[[NodeView], bool]:
    return lambda view: suits(view) and shifts_right(node.channels(view))


def _depth(view: NodeView) -> int:
    """Bytes of a window."""
    return node.depth(view) * view.input(0).dtype.itemsize


def _window(view: NodeView) -> Sliding:
    """The node's window. A column of pixels lies in memory as a row does, of which pairs are taken."""
    window = node.window(view)
    if window.in_w == window.out_w == window.kernel_w == 1:
        return window.lying
    return window


def _weight_bytes(view: NodeView) -> int:
    outputs, groups = view.input(1).shape[0], node.groups(view)
    held = outputs // groups.outputs * stream_bytes(groups.outputs, _depth(view))
    return held // view.input(0).dtype.itemsize


def _products(view: NodeView, window: Sliding) -> Counts:
    outputs = node.groups(view).outputs
    pairs = window.batch * window.out_h * ((window.out_w + 1) // 2)
    ends = pairs * (window.out_c // outputs) * ((outputs + 3) // 4)
    return {"steps": ends * vectors(_depth(view)), "ends": ends, "pairs": pairs}


# --- one tap: pixels in place -------------------------------------------------------------------------------


def _is_in_place(view: NodeView) -> bool:
    window = _window(view)
    return node.is_ungrouped(view) and window.taps == 1 and not window.padded


def _line(view: NodeView) -> Sliding:
    """The window; where every pixel is one, that of an image with a single line."""
    window = _window(view)
    if not window.pointwise:
        return window
    return replace(window, batch=1, in_h=1, in_w=window.pixels, out_h=1, out_w=window.pixels)


def _emit_pixels(view: NodeView) -> tuple[Call, ...]:
    constants = tables(node.channels(view), node.rows(view))
    return (conv_call(view, _PIXELS, _line(view), node.groups(view), constants, scratch=True),)


def _pixels_scratch(view: NodeView) -> int:
    """Two pixels, where whole vectors may end behind the image."""
    depth = node.depth(view)
    return 32 * vectors(depth) if depth % 16 else 0


def _pixels_overlap(view: NodeView) -> tuple[Overlap, ...]:
    # The first pixel's channels are written while the second is read.
    window = _window(view)
    return (Overlap(0, 0, sliding_gap(window, 0) + window.out_c),)


# --- any window: strips of columns --------------------------------------------------------------------------


def _phase(window: Sliding, columns: int) -> int:
    """Columns of input, a dilation apart, that so many output pixels see."""
    reach = (columns - 1) * window.stride_w + (window.kernel_w - 1) * window.dilation_w + 1
    return -(-reach // window.dilation_w)


def _in_bytes(view: NodeView) -> tuple[Sliding, Groups]:
    """Window and groups, channels of the input counted in bytes."""
    window, groups, size = _window(view), node.groups(view), view.input(0).dtype.itemsize
    return replace(window, in_c=size * window.in_c), Groups(size * groups.inputs, groups.outputs)


def _strip_bytes(view: NodeView, columns: int) -> int:
    window, groups = _in_bytes(view)
    column = window.kernel_h * groups.inputs
    behind = -column * window.kernel_w % 16  # of the last window's last vector
    return _phase(window, columns) * window.dilation_w * column + behind


def _columns(view: NodeView) -> int:
    """Output pixels of a strip."""
    window = _window(view)
    columns, wished = window.out_w, _WISHED if window.kernel_h > 1 else _WISHED_OF_A_ROW
    while columns > 2 and _strip_bytes(view, columns) > wished:
        columns = (columns + 3) // 4 * 2
    return columns


def _by_columns(view: NodeView) -> Ints:
    """Weights per output channel, column by column."""
    window, held = _window(view), node.rows(view)
    taps = held.reshape(len(held), window.kernel_h, window.kernel_w, -1)
    return taps.transpose(0, 2, 1, 3).reshape(len(held), -1)


def _emit_strips(view: NodeView) -> tuple[Call, ...]:
    window = _window(view)
    constants = tables(node.channels(view), _by_columns(view), window.out_c // node.groups(view).outputs)
    return (_strips(view, _STRIPS, constants),)


def _emit_wide(view: NodeView) -> tuple[Call, ...]:
    groups = _window(view).out_c // node.groups(view).outputs
    constants = tables(_wide(view), _by_columns(view), groups, lanes=8)
    return (_strips(view, _WIDE_STRIPS, constants),)


def _wide(view: NodeView) -> Channels:
    rows = node.rows(view)
    return wide_channels(rows, bias_values(view, len(rows)), conv_multipliers(view, len(rows)))


def _strips(view: NodeView, symbol: str, constants: tuple[Consts, Consts]) -> Call:
    (window, groups), columns = _in_bytes(view), _columns(view)
    extra = (("columns", columns), ("phase", _phase(window, columns)))
    return conv_call(
        view, symbol, window, groups, constants, scratch=True, struct="tc_s8_conv_strips", extra=extra
    )


def _strips_overlap(view: NodeView) -> tuple[Overlap, ...]:
    # A later group reads what the first one's channels would have been written over.
    if not node.is_ungrouped(view):
        return ()
    gap = band_gap(_window(view), 1, _columns(view))
    return (Overlap(0, 0, gap * view.output().dtype.itemsize),)


def _strips_counts(view: NodeView) -> Counts:
    (window, groups), columns = _in_bytes(view), _columns(view)
    strips = window.batch * window.out_h * -(-window.out_w // columns) * (window.in_c // groups.inputs)
    runs = strips * window.dilation_w * window.kernel_h
    pieces = runs * _phase(window, columns)
    moved = pieces * vectors(groups.inputs)
    return {
        **_products(view, window),
        "strips": strips,
        "runs": runs,
        "pieces": pieces,
        "moved": moved,
    }


def _by_strips(
    symbol: str, accepts: Callable[[NodeView], bool], emit: Callable[[NodeView], tuple[Call, ...]]
) -> Variant:
    return Variant(
        symbol,
        accepts,
        emit,
        scratch=lambda view: _strip_bytes(view, _columns(view)),
        overlap=_strips_overlap,
        counts=_strips_counts,
        weight_bytes=_weight_bytes,
    )


VARIANTS = (
    *only(
        ProductForm.S8,
        Variant(
            _PIXELS,
            _takes(_is_in_place),
            _emit_pixels,
            scratch=_pixels_scratch,
            overlap=_pixels_overlap,
            counts=lambda view: _products(view, _line(view)),
            weight_bytes=_weight_bytes,
        ),
        _by_strips(_STRIPS, _takes(lambda view: True), _emit_strips),
    ),
    *only(ProductForm.S16, _by_strips(_WIDE_STRIPS, lambda view: are_words(_wide(view)), _emit_wide)),
)
