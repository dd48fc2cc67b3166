"""The sparse variant of CONV_2D: which nodes it takes, what it costs, how its weights lie."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._products import Channels, Ints, Sliding, live_rows
from tinyml_compress.ops._sparse import SparseRows, sparse_rows

__all__ = ["encoded", "sparse_cycles", "worth_it"]

_MOST_SCRATCH = 12 << 10
_DENSEST = 0.45
"""With more weights than this that are not zero, neither flash nor time is gained."""


@lru_cache(maxsize=64)
def _encoded(data: bytes, shape: tuple[int, int]) -> SparseRows:
    return sparse_rows(np.frombuffer(data, np.int8).reshape(shape).astype(np.int64))


def encoded(channels: Channels, rows: Ints) -> SparseRows:
    """The weights as the kernel reads them."""
    live = live_rows(channels, rows).astype(np.int8)
    return _encoded(live.tobytes(), (live.shape[0], live.shape[1]))


def worth_it(view: NodeView, window: Sliding, channels: Channels, rows: Ints) -> bool:
    """Whether the sparse form is smaller than the dense one and its windows fit into scratch."""
    if window.in_c % 4 or 16 * rows.shape[1] > _MOST_SCRATCH:
        return False
    live = live_rows(channels, rows)
    if np.count_nonzero(live) > _DENSEST * rows.size:
        return False
    return encoded(channels, rows).nbytes < rows.size


def sparse_cycles(window: Sliding, sparse: SparseRows) -> float:
    """Cycles of the assembly: two weights for eight pixels in 35, a channel's end in about 95."""
    blocks = (window.pixels + 7) // 8
    depth = window.taps * window.in_c
    return blocks * (35.0 * float(sparse.pairs.sum()) + 95.0 * window.out_c) + window.pixels * (3.2 * depth + 30.0)
