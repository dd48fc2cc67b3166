"""CONV_2D with only the weights that are not zero: which nodes, at what cost, how windows and weights lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._conv import conv_attrs
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import (
    Ints,
    Sliding,
    finish_bounds,
    int32_table,
    live_channels,
    live_rows,
    packed_table,
    sliding_gap,
    wrap32,
)
from tinyml_compress.ops._sparse import SparseRows, sparse_nibbles, sparse_rows
from tinyml_compress.ops.base import Call, Consts, In, Out, Overlap, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.work import Counts

_MOST_SCRATCH = 16 << 10
_PLAIN = "tc_s8_conv_2d_sparse__c"
_WISHED = 8 << 10
_DENSEST = 0.6
"""With more weights than this that are not zero, neither flash nor time is gained."""
_MOST_PAIRS = 255
_PEAK = 1 << 22
"""Sums of two pixels share an accumulator: 23 bits for one of them."""


@dataclass(frozen=True)
class Strips:
    """Two strips of `columns` output pixels each, the second below the first or, in a single row, to the
    right.

    A window's value (kernel row, channel, column) is a word; `run` of them hold a kernel row's columns of one
    channel whose numbers have one remainder modulo the stride; there are `phases` of these.
    """

    window: Sliding
    """A pointwise convolution is one row of pixels."""
    columns: int
    phases: int
    run: int

    @property
    def words(self) -> int:
        return self.window.kernel_h * self.window.in_c * self.phases * self.run

    @property
    def scratch(self) -> int:
        """Windows, channel parameters, eight pixels of output, one pixel of zero points."""
        return 4 * self.words + 24 * self.window.out_c + self.window.in_c

    @property
    def flat(self) -> bool:
        return self.window.out_h == 1

    def places(self) -> Ints:
        """The word of each weight of a row, which come as (kernel row, kernel column, channel)."""
        w = self.window
        ky, kx, c = np.meshgrid(
            np.arange(w.kernel_h), np.arange(w.kernel_w), np.arange(w.in_c), indexing="ij"
        )
        ahead = kx * w.dilation_w
        words: Ints = ((ky * w.in_c + c) * self.phases + ahead % w.stride_w) * self.run + ahead // w.stride_w
        return words.reshape(-1)


@lru_cache(maxsize=256)
def strips(window: Sliding, least: int) -> Strips | None:
    """How the windows lie, in strips of `least` columns if these fit, else 4; None where that is too much
    scratch.
    """
    if window.pointwise:
        window = replace(window, batch=1, in_h=1, in_w=window.pixels, out_h=1, out_w=window.pixels)
    ahead = [kx * window.dilation_w for kx in range(window.kernel_w)]
    phases = 1 + max(place % window.stride_w for place in ahead)
    for most in (least, 4):
        columns = min(most, (window.out_w + 3) // 4 * 4)
        tried = Strips(window, columns, phases, columns + ahead[-1] // window.stride_w)
        if tried.scratch <= _MOST_SCRATCH:
            return tried
    return None


def _strips_gap(layout: Strips) -> int:
    """How far output bytes run ahead of the input bytes that are still needed (see `sliding_gap`)."""
    if layout.flat:
        return band_gap(layout.window, 1, 2 * layout.columns)
    return band_gap(layout.window, 2, layout.columns)


@lru_cache(maxsize=1024)
def band_gap(window: Sliding, rows: int, columns: int) -> int:
    """The same for kernels that read the windows of `rows` by `columns` output pixels before they write
    these.
    """
    w = window
    needed: list[int] = []
    ends: list[int] = []
    for image in range(w.batch):
        for y in range(0, w.out_h, rows):
            top = min(max(y * w.stride_h - w.pad_top, 0), w.in_h)
            last = min(y + rows, w.out_h) - 1
            for x in range(0, w.out_w, columns):
                left = min(max(x * w.stride_w - w.pad_left, 0), w.in_w)
                needed.append(((image * w.in_h + top) * w.in_w + left) * w.in_c)
                ends.append(((image * w.out_h + last) * w.out_w + min(x + columns, w.out_w)) * w.out_c)
    # What later tiles still read begins at the least that any of them needs.
    later = np.minimum.accumulate(np.array(needed, np.int64)[::-1])[::-1]
    written = np.maximum.accumulate(np.array(ends, np.int64))
    return max(0, int((written[:-1] - later[1:]).max())) if len(needed) > 1 else 0


# --- encodings ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Form:
    """One kernel and its encoding."""

    symbol: str
    encoding: str
    layout: Callable[[Sliding], Strips | None]
    encode: Callable[[Ints, Strips], SparseRows]
    code_bytes: int
    unpacking: bool = False
    """Of each channel's weights, for a tile: no counts, but a bitmap."""


def _fours(window: Sliding) -> Strips | None:
    """Strips of four pixels, for kernels one column wide: every weight is a multiple of four words ahead."""
    layout = strips(window, 4) if window.kernel_w == 1 else None
    return layout if layout is not None and layout.run == 4 else None


def _wide(window: Sliding) -> Strips | None:
    """Strips as wide as they may be, as each channel's weights are unpacked for each."""
    for least in (32, 16):
        tried = strips(window, least)
        if tried is not None and tried.scratch <= _WISHED:
            return tried
    return strips(window, 8)


_FORMS = (
    _Form(
        "tc_s8_conv_2d_sparse__dsp",
        "sparse-delta8",
        lambda window: strips(window, 4 if window.pointwise else 8),
        lambda rows, layout: sparse_rows(rows, layout.places()),
        2000,
    ),
    _Form(
        "tc_s8_conv_2d_nibbles__dsp",
        "sparse-delta4",
        _fours,
        lambda rows, layout: sparse_nibbles(rows, layout.places() // 4),
        2000,
    ),
    _Form(
        "tc_s8_conv_2d_bitmap__dsp",
        "sparse-bitmap",
        _wide,
        lambda rows, layout: sparse_rows(rows, layout.places()),
        2400,
        unpacking=True,
    ),
)


@lru_cache(maxsize=64)
def _encoded(form: _Form, data: bytes, shape: tuple[int, int], layout: Strips) -> SparseRows:
    return form.encode(np.frombuffer(data, np.int8).reshape(shape).astype(np.int64), layout)


@lru_cache(maxsize=64)
def _window_rows(data: bytes, shape: tuple[int, int]) -> SparseRows:
    return sparse_rows(np.frombuffer(data, np.int8).reshape(shape).astype(np.int64))


def _plain_variant() -> Variant:
    def sparse(view: NodeView) -> SparseRows:
        rows = node.rows(view).astype(np.int8)
        return _window_rows(rows.tobytes(), (rows.shape[0], rows.shape[1]))

    def accepts(view: NodeView) -> bool:
        if not node.is_ungrouped(view):
            return False
        rows = node.rows(view)
        if np.count_nonzero(rows) > _DENSEST * rows.size or scratch(view) > _MOST_SCRATCH:
            return False
        return weight_bytes(view) < rows.size

    def weight_bytes(view: NodeView) -> int:
        return int(sparse(view).stream.nbytes)

    def scratch(view: NodeView) -> int:
        return 4 * (-(-node.depth(view) // 4) * 4)

    def emit(view: NodeView) -> tuple[Call, ...]:
        channels, rows = node.channels(view), sparse(view)
        bias = wrap32(channels.bias - 128 * node.rows(view).sum(axis=1))
        table = int32_table(bias, channels.multiplier, channels.shift, 2 * rows.pairs.astype(np.int64))
        params: tuple[tuple[str, ParamValue], ...] = (
            *node.window(view).params(),
            ("in_zero", view.quant(0).zero_point),
            *finish_bounds(conv_attrs(view).activation, view.output()),
            ("depth", node.depth(view)),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
        )
        constants = (
            Consts("weights", "uint8_t", rows.stream.view(np.uint8), Role.WEIGHTS),
            Consts("channels", "int32_t", table),
        )
        return (Call(_PLAIN, "tc_s8_conv_rows", params, (In(0), Out(), Scratch()), constants),)

    def counts(view: NodeView) -> Counts:
        window = node.window(view)
        return {
            "pairs": window.pixels * int(sparse(view).pairs.sum()),
            "outputs": view.output().elements,
            "gathered": window.pixels * node.depth(view),
            "runs": window.runs,
        }

    return Variant(
        _PLAIN,
        accepts,
        emit,
        scratch=scratch,
        overlap=lambda view: (Overlap(0, 0, sliding_gap(node.window(view), 4)),),
        counts=counts,
        encoding="sparse-delta8",
        weight_bytes=weight_bytes,
        code_bytes=500,
    )


def _variant(form: _Form) -> Variant:
    def layout(view: NodeView) -> Strips:
        return needed(form.layout(node.window(view)))

    def sparse(view: NodeView) -> SparseRows:
        live = live_rows(node.channels(view), node.rows(view)).astype(np.int8)
        return _encoded(form, live.tobytes(), (live.shape[0], live.shape[1]), layout(view))

    def accepts(view: NodeView) -> bool:
        if not node.has_fast(view):
            return False
        channels, rows = node.channels(view), node.rows(view)
        if form.layout(node.window(view)) is None or (channels.peak[live_channels(channels)] >= _PEAK).any():
            return False
        if np.count_nonzero(live_rows(channels, rows)) > _DENSEST * rows.size:
            return False
        return weight_bytes(view) < rows.size and int(sparse(view).pairs.max()) <= _MOST_PAIRS

    def tables(view: NodeView) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8]]:
        """Weights, and what says which these are or how many."""
        rows = sparse(view)
        if not form.unpacking:
            return rows.stream, rows.pairs.astype(np.uint8)
        live = live_rows(node.channels(view), node.rows(view))[:, np.argsort(layout(view).places())]
        bits = np.packbits(np.pad(live != 0, ((0, 0), (0, -live.shape[1] % 32))), axis=1, bitorder="little")
        return live[live != 0].astype(np.int8), bits.reshape(-1)

    def weight_bytes(view: NodeView) -> int:
        return sum(table.nbytes for table in tables(view))

    def unpacked(view: NodeView) -> int:
        return 4 * int(sparse(view).pairs.max()) if form.unpacking else 0

    def scratch(view: NodeView) -> int:
        lying = layout(view)
        if not form.unpacking:
            return lying.scratch
        w = lying.window
        return 4 * lying.words + 16 + unpacked(view) + 2 * w.taps * w.in_c + 8 * w.out_c + w.in_c

    def counts(view: NodeView) -> Counts:
        return _counts(layout(view), int(sparse(view).pairs.sum()))

    def emit(view: NodeView) -> tuple[Call, ...]:
        packed = needed(packed_table(needed(node.fast(view))))
        lying, (weights, counts) = layout(view), tables(view)
        params: tuple[tuple[str, ParamValue], ...] = (
            *lying.window.params(),
            ("in_zero", view.quant(0).zero_point),
            ("out_zero", view.output_quant().zero_point),
            ("columns", lying.columns),
            ("phases", lying.phases),
            ("run", lying.run),
            ("unpacked", unpacked(view)),
            ("weights", Ref("weights")),
            ("counts", Ref("counts")),
            ("channels", Ref("channels")),
        )
        constants = (
            Consts("weights", "int8_t", weights, Role.WEIGHTS),
            Consts("counts", "uint8_t", counts, Role.WEIGHTS),
            Consts("channels", "int32_t", packed),
        )
        return (Call(form.symbol, "tc_s8_conv_sparse", params, (In(0), Out(), Scratch()), constants),)

    return Variant(
        form.symbol,
        accepts,
        emit,
        scratch=scratch,
        overlap=lambda view: (Overlap(0, 0, _strips_gap(layout(view))),),
        counts=counts,
        encoding=form.encoding,
        weight_bytes=weight_bytes,
        code_bytes=form.code_bytes,
    )


def _counts(layout: Strips, pairs: int) -> Counts:
    w = layout.window
    rows = 1 if layout.flat else (w.out_h + 1) // 2
    across = layout.columns * (2 if layout.flat else 1)
    tiles = w.batch * rows * ((w.out_w + across - 1) // across)
    blocks = w.batch * rows * ((w.out_w + 3) // 4) / (2 if layout.flat else 1)
    return {
        "pairs": blocks * pairs,
        "channels": blocks * w.out_c,
        "blocks": blocks,
        "words" if w.in_c % 4 == 0 else "bytes": tiles * layout.words,
        "runs": tiles * w.kernel_h * layout.phases,
        "unpacked": tiles * pairs,
        "bits": tiles * w.out_c * w.taps * w.in_c,
        "rows": tiles * w.out_c,
    }


VARIANTS = only(ProductForm.S8, *map(_variant, _FORMS), _plain_variant())
