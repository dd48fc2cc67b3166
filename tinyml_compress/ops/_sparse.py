"""Sparse weights in flash: per row the non-zero ones, each behind the number of places to step on from the last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.ops._products import Ints

__all__ = ["SparseRows", "sparse_rows"]

_FARTHEST = 255


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows of [step, weight] bytes, padded to even numbers of weights."""

    stream: npt.NDArray[np.int8]
    pairs: npt.NDArray[np.uint16]
    """Per row, pairs of weights; at least 1."""

    @property
    def nbytes(self) -> int:
        return int(self.stream.nbytes + self.pairs.nbytes)


def sparse_rows(rows: Ints) -> SparseRows:
    """The encoding of a matrix. Steps of more than a byte are split by zero weights."""
    stream: list[int] = []
    pairs: list[int] = []
    for row in rows:
        codes: list[int] = []
        at = 0
        for place in np.flatnonzero(row):
            step = int(place) - at
            at = int(place)
            while step > _FARTHEST:
                codes += [_FARTHEST, 0]
                step -= _FARTHEST
            codes += [step, int(row[place])]
        if len(codes) % 4 or not codes:
            codes += [0, 0] * (2 if not codes else 1)
        pairs.append(len(codes) // 4)
        stream += codes
    return SparseRows(np.array(stream, np.int64).astype(np.uint8).view(np.int8), np.array(pairs, np.uint16))
