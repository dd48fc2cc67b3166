"""What products with vectors of AArch64 ask of a node, and what takes their time."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ops import _mve
from tinyml_compress.ops._products import Channels, Ints
from tinyml_compress.ops.base import Consts
from tinyml_compress.ops.work import Counts

_EIGHT, _FOUR = 8, 4
"""Values that a row is read by, and those of each output that lie side by side."""
_TILE, _ROW = 12, 4
"""Instructions of eight values for four rows by four outputs, or one; more where dot products are missing."""
_END = 32
"""Of the sums of a tile that become outputs."""
BEYOND = 16
"""Bytes behind what whole vectors are written to."""


def suits(channels: Channels, rows: Ints) -> bool:
    """Whether 16 bits hold the sum of two products, and `tc_neon_scaled` is exact for every channel."""
    return bool(rows.min(initial=0) > -128) and _mve.shifts_right(channels)


def steps(depth: int) -> int:
    """Of so many values, eight at a time."""
    return (depth + _EIGHT - 1) // _EIGHT


def spare_rows(depth: int) -> int:
    """Bytes of four rows in whole steps."""
    return 4 * _EIGHT * steps(depth)


def weight_bytes(outputs: int, depth: int) -> int:
    """Of the weights of so many rows."""
    return 4 * _EIGHT * steps(depth) * ((outputs + 3) // 4)


def tables(channels: Channels, rows: Ints) -> tuple[Consts, Consts]:
    """`weights` and `channels` of a kernel."""
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % _EIGHT)))
    return _mve.tables(channels, padded, lanes=_FOUR)


def tile_counts(rows: int, outputs: int, depth: int) -> Counts:
    """Of so many rows by so many outputs."""
    tiles, singles = (rows + 2) // 4, int(rows % 4 == 1)
    each = (outputs + 3) // 4
    inner = steps(depth) * (tiles * _TILE + singles * _ROW)
    return {"cycles": each * (inner + tiles * _END + singles * _END / 3)}
