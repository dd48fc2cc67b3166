"""What products with vectors of AArch64 ask of a node, and what takes their time."""

from __future__ import annotations

from tinyml_compress.ops._mve import shifts_right, vectors
from tinyml_compress.ops._products import Channels, Ints
from tinyml_compress.ops.work import Counts

_TILE = 40
"""Instructions of a step for four rows by four outputs; where dot products are missing, more."""
_ROW = 12
_END = 56
"""Of the sums of a tile that become outputs."""


def suits(channels: Channels, rows: Ints) -> bool:
    """Whether 16 bits hold the sum of two products, and `tc_neon_scaled` is exact for every channel."""
    return bool(rows.min(initial=0) > -128) and shifts_right(channels)


def spare_rows(depth: int) -> int:
    """Bytes of four rows in whole vectors."""
    return 64 * vectors(depth)


def tile_counts(rows: int, outputs: int, depth: int) -> Counts:
    """Of so many rows by so many outputs."""
    tiles, singles = (rows + 2) // 4, int(rows % 4 == 1)
    each = (outputs + 3) // 4
    steps = vectors(depth) * (tiles * _TILE + singles * _ROW)
    return {"cycles": each * (steps + tiles * _END + singles * _END / 3)}
