"""Sparse weights in flash: per row the non-zero ones, each behind the number of places to step on from the
last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.ops._products import Ints

_FARTHEST = 255
_NIBBLE = 15


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows of [step, weight] bytes, padded to even numbers of weights."""

    stream: npt.NDArray[np.int8]
    pairs: npt.NDArray[np.uint16]
    """Per row, pairs of weights; at least 1."""


def sparse_rows(rows: Ints, places: Ints | None = None) -> SparseRows:
    """The encoding of a matrix. Steps of more than a byte are split by zero weights.

    `places` says where the weights of a row lie, when that is not one behind the other.
    """
    pairs = [_pairs(row, places, _FARTHEST) for row in rows]
    stream = [byte for row in pairs for pair in row for byte in pair]
    return SparseRows(_bytes(stream), np.array([len(row) for row in pairs], np.uint16))


def sparse_nibbles(rows: Ints, places: Ints | None = None) -> SparseRows:
    """The same with steps of half a byte: a pair is [weight, steps, weight]. A byte follows that is only
    read.
    """
    pairs = [_pairs(row, places, _NIBBLE) for row in rows]
    stream = [byte for row in pairs for a, x, b, y in row for byte in (x, a | b << 4, y)]
    return SparseRows(_bytes([*stream, 0]), np.array([len(row) for row in pairs], np.uint16))


def _pairs(row: Ints, places: Ints | None, farthest: int) -> list[tuple[int, int, int, int]]:
    """Of a row step, weight, step, weight; at least once."""
    places = np.arange(len(row)) if places is None else places
    order = np.argsort(places)
    codes: list[int] = []
    at = 0
    for column in order[row[order] != 0]:
        step = int(places[column]) - at
        at = int(places[column])
        while step > farthest:
            codes += [farthest, 0]
            step -= farthest
        codes += [step, int(row[column])]
    if len(codes) % 4 or not codes:
        codes += [0, 0] * (2 if not codes else 1)
    return [(codes[i], codes[i + 1], codes[i + 2], codes[i + 3]) for i in range(0, len(codes), 4)]


def _bytes(stream: list[int]) -> npt.NDArray[np.int8]:
    return (np.array(stream, np.int64) & 255).astype(np.uint8).view(np.int8)


def sparse_blocks(rows: Ints) -> SparseRows:
    """Rows by fours, which must divide them: blocks of four weights of one column, those that are not all
    zero.

    Of each four rows come the number of fours of blocks (at least 1) in four bytes, then of each four blocks
    four steps and their weights: of two blocks those of rows A, B of one and the other, then those of C, D.
    `pairs` counts the fours too.
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
            for one, two in (blocks[start : start + 2], blocks[start + 2 : start + 4]):
                stream += [*one[:2], *two[:2], *one[2:], *two[2:]]
        fours.append(len(steps) // 4)
    return SparseRows(_bytes(stream), np.array(fours, np.uint16))
