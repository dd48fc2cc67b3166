"""The sparse variant of CONV_2D: which nodes it takes, what it costs, how its windows and weights lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._products import Channels, Ints, Sliding, live_channels, live_rows
from tinyml_compress.ops._sparse import SparseRows, sparse_rows

__all__ = ["Strips", "encoded", "sparse_cycles", "strips", "strips_gap", "worth_it"]

_MOST_SCRATCH = 16 << 10
_DENSEST = 0.6
"""With more weights than this that are not zero, neither flash nor time is gained."""
_MOST_PAIRS = 255
_PEAK = 1 << 22
"""Sums of two pixels share an accumulator: 23 bits for one of them."""


@dataclass(frozen=True)
class Strips:
    """Two strips of `columns` output pixels each, the second below the first or, in a single row, to the right.

    A window's value (kernel row, channel, column) is a word; `run` of them hold a kernel row's columns of one channel
    whose numbers have one remainder modulo the stride; there are `phases` of these.
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
        ky, kx, c = np.meshgrid(np.arange(w.kernel_h), np.arange(w.kernel_w), np.arange(w.in_c), indexing="ij")
        ahead = kx * w.dilation_w
        found: Ints = ((ky * w.in_c + c) * self.phases + ahead % w.stride_w) * self.run + ahead // w.stride_w
        return found.reshape(-1)


@lru_cache(maxsize=256)
def strips(window: Sliding) -> Strips | None:
    """How the windows lie; None where they take too much scratch."""
    if window.pointwise:
        window = replace(window, batch=1, in_h=1, in_w=window.pixels, out_h=1, out_w=window.pixels)
    ahead = [kx * window.dilation_w for kx in range(window.kernel_w)]
    phases = 1 + max(place % window.stride_w for place in ahead)
    for columns in (8, 4):
        if columns == 8 and (window.pointwise or window.out_w <= 4):
            continue
        made = Strips(window, columns, phases, columns + ahead[-1] // window.stride_w)
        if made.scratch <= _MOST_SCRATCH:
            return made
    return None


@lru_cache(maxsize=64)
def _encoded(data: bytes, shape: tuple[int, int], layout: Strips) -> SparseRows:
    rows = np.frombuffer(data, np.int8).reshape(shape).astype(np.int64)
    return sparse_rows(rows, layout.places())


def encoded(layout: Strips, channels: Channels, rows: Ints) -> SparseRows:
    """The weights as the kernel reads them."""
    live = live_rows(channels, rows).astype(np.int8)
    return _encoded(live.tobytes(), (live.shape[0], live.shape[1]), layout)


def worth_it(view: NodeView, window: Sliding, channels: Channels, rows: Ints) -> bool:
    """Whether the sparse form is exact here, and smaller than the dense one."""
    layout = strips(window)
    if layout is None or (channels.peak[live_channels(channels)] >= _PEAK).any():
        return False
    if np.count_nonzero(live_rows(channels, rows)) > _DENSEST * rows.size:
        return False
    sparse = encoded(layout, channels, rows)
    return sparse.nbytes < rows.size and int(sparse.pairs.max()) <= _MOST_PAIRS


def sparse_cycles(layout: Strips, sparse: SparseRows) -> float:
    """Cycles of the assembly: two weights for eight pixels in 28, a channel's end in about 120."""
    w = layout.window
    rows = 1 if layout.flat else (w.out_h + 1) // 2
    across = layout.columns * (2 if layout.flat else 1)
    tiles = w.batch * rows * ((w.out_w + across - 1) // across)
    blocks = w.batch * rows * ((w.out_w + 3) // 4) / (2 if layout.flat else 1)
    gather = (6.0 if w.in_c % 4 == 0 else 12.0) * layout.words + 40.0 * w.kernel_h * layout.phases * layout.run
    return blocks * (28.0 * float(sparse.pairs.sum()) + 120.0 * w.out_c + 40.0) + tiles * gather


@lru_cache(maxsize=1024)
def strips_gap(layout: Strips) -> int:
    """How far output bytes run ahead of the input bytes that are still needed (see `sliding_gap`)."""
    w = layout.window
    across = layout.columns * (2 if layout.flat else 1)
    needed: list[int] = []
    ends: list[int] = []
    for image in range(w.batch):
        for y in range(0, w.out_h, 1 if layout.flat else 2):
            top = min(max(y * w.stride_h - w.pad_top, 0), w.in_h)
            last = min(y + (0 if layout.flat else 1), w.out_h - 1)
            for x in range(0, w.out_w, across):
                left = min(max(x * w.stride_w - w.pad_left, 0), w.in_w)
                needed.append(((image * w.in_h + top) * w.in_w + left) * w.in_c)
                end = min(x + across, w.out_w)
                ends.append(((image * w.out_h + last) * w.out_w + end) * w.out_c)
    # What later tiles still read begins at the least that any of them needs.
    later = np.minimum.accumulate(np.array(needed, np.int64)[::-1])[::-1]
    written = np.maximum.accumulate(np.array(ends, np.int64))
    return max(0, int((written[:-1] - later[1:]).max())) if len(needed) > 1 else 0
