"""Sparse weights in flash: per row the non-zero ones, each behind the number of places to step on from the last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.ops._products import Ints

__all__ = ["SparseRows", "sparse_blocks", "sparse_rows"]

_FARTHEST = 255


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows of [step, weight] bytes, padded to even numbers of weights."""

    stream: npt.NDArray[np.int8]
    pairs: npt.NDArray[np.uint16]
    """Per row, pairs of weights; at least 1."""

    @property
    def nbytes(self) -> int:
        return int(self.stream.nbytes + len(self.pairs))


def sparse_rows(rows: Ints, places: Ints | None = None) -> SparseRows:
    """The encoding of a matrix. Steps of more than a byte are split by zero weights.

    `places` says where the weights of a row lie, when that is not one behind the other.
    """
    stream: list[int] = []
    pairs: list[int] = []
    places = np.arange(rows.shape[1]) if places is None else places
    order = np.argsort(places)
    for row in rows:
        codes: list[int] = []
        at = 0
        for column in order[row[order] != 0]:
            step = int(places[column]) - at
            at = int(places[column])
            while step > _FARTHEST:
                codes += [_FARTHEST, 0]
                step -= _FARTHEST
            codes += [step, int(row[column])]
        if len(codes) % 4 or not codes:
            codes += [0, 0] * (2 if not codes else 1)
        pairs.append(len(codes) // 4)
        stream += codes
    return SparseRows(np.array(stream, np.int64).astype(np.uint8).view(np.int8), np.array(pairs, np.uint16))


def sparse_blocks(rows: Ints) -> SparseRows:
    """Rows by fours, which must divide them: blocks of four weights of one column, those that are not all zero.

    Of each four rows come the number of fours of blocks (at least 1) in four bytes, then of each four blocks four steps
    and their weights; `pairs` counts the fours too.
    """
    stream: list[int] = []
    fours: list[int] = []
    for first in range(0, len(rows), 4):
        group = rows[first : first + 4]
        steps: list[int] = []
        blocks: list[list[int]] = []
        at = 0
        for place in np.flatnonzero(np.any(group != 0, axis=0)):
            step = int(place) - at
            at = int(place)
            while step > _FARTHEST:
                steps.append(_FARTHEST)
                blocks.append([0] * 4)
                step -= _FARTHEST
            steps.append(step)
            blocks.append([int(value) for value in group[:, place]])
        while len(steps) % 4 or not steps:
            steps.append(0)
            blocks.append([0] * 4)
        stream += [len(steps) // 4 % 256, len(steps) // 4 // 256, 0, 0]
        for start in range(0, len(steps), 4):
            stream += steps[start : start + 4]
            stream += [value for block in blocks[start : start + 4] for value in block]
        fours.append(len(steps) // 4)
    return SparseRows(np.array(stream, np.int64).astype(np.uint8).view(np.int8), np.array(fours, np.uint16))
