"""Code books: weights that are few different numbers, stored as numbers of a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_compress.ops._products import Ints

_BITS = (2, 3, 4)
_LARGEST = 32767
_MOST_SHIFT = 23


@dataclass(frozen=True, eq=False)
class Codebook:
    """Weights as codes of `bits` bits. Without `factors` each row has a table of its own; with them all share
    one, whose numbers times the row's factor, shifted right by `shift` with rounding, are the weights.
    """

    bits: int
    codes: Ints
    table: Ints
    factors: Ints | None = None
    shift: int = 0

    @property
    def nbytes(self) -> int:
        """In flash."""
        codes = (self.codes.size * self.bits + 7) // 8 + 1
        return codes + (
            self.table.size if self.factors is None else 2 * (self.table.size + self.factors.size)
        )


def codebook(rows: Ints, scales: tuple[float, ...]) -> Codebook | None:
    """The code book of int8 weights, one row per scale; None where some row has more than 16 numbers.

    Clustering before quantization gives a layer few numbers, which the rows' scales then turn into different
    ones: where one table and a factor per row are proven to give all weights back, that is the smaller form.
    """
    most = max(len(np.unique(row)) for row in rows)
    bits = next((bits for bits in _BITS if most <= 1 << bits), None)
    if bits is None:
        return None
    # Where a batch normalization was folded into the weights, their largest is 127 in every row, whatever its
    # scale.
    for scale in (scales, (1.0,) * len(rows)):
        shared = _shared(rows, scale, bits)
        if shared is not None:
            return shared
    return _own(rows, bits)


def _own(rows: Ints, bits: int) -> Codebook:
    table = np.zeros((len(rows), 1 << bits), np.int64)
    codes = np.zeros_like(rows)
    for index, row in enumerate(rows):
        values = np.unique(row)
        table[index, : len(values)] = values
        codes[index] = np.searchsorted(values, row)
    return Codebook(bits, codes, table)


def _shared(rows: Ints, scales: tuple[float, ...], bits: int) -> Codebook | None:
    # Each number of each row came from a centroid within half a step of it: as few points as meet all these
    # intervals.
    wanted = [(index, int(value)) for index, row in enumerate(rows) for value in np.unique(row)]
    low = np.array([(value - 0.499) * scales[index] for index, value in wanted])
    high = np.array([(value + 0.499) * scales[index] for index, value in wanted])
    points: list[float] = []
    code_of: dict[tuple[int, int], int] = {}
    open_low, open_high, members = -np.inf, -np.inf, list[int]()

    def close() -> None:
        if members:
            for member in members:
                code_of[wanted[member]] = len(points)
            points.append(float((open_low + open_high) / 2))

    for item in np.argsort(high, kind="stable"):
        if low[item] > open_high:
            close()
            open_low, open_high, members = low[item], high[item], []
        open_low = max(open_low, low[item])
        members.append(int(item))
    close()
    if len(points) > 1 << bits:
        return None
    largest = max(map(abs, points))
    if largest == 0.0:
        return None
    table = np.zeros(1 << bits, np.int64)
    table[: len(points)] = np.round(np.array(points) / largest * _LARGEST)
    real = np.array([largest / _LARGEST / scale if scale else 0.0 for scale in scales])
    shift = min(_MOST_SHIFT, int(np.floor(np.log2(65535 / real.max())))) if real.max() > 0 else 0
    if shift < 1:
        return None
    factors = np.round(real * 2.0**shift).astype(np.int64)
    codes = np.array(
        [[code_of[index, int(value)] for value in row] for index, row in enumerate(rows)], np.int64
    )
    products = table[codes] * factors[:, None]
    rebuilt = (products + (1 << (shift - 1))) >> shift
    if np.abs(products).max() + (1 << (shift - 1)) >= 1 << 31 or not np.array_equal(rebuilt, rows):
        return None
    every = (table[None, :] * factors[:, None] + (1 << (shift - 1))) >> shift
    if (
        np.abs(table[None, :] * factors[:, None]).max() + (1 << (shift - 1)) >= 1 << 31
        or np.abs(every).max() > 1 << 20
    ):
        return None
    return Codebook(bits, codes, table, factors, shift)
