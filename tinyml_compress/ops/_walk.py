"""Walk tables for `csrc/tc_walk.h`: N-dimensional loops over several arrays, merged into as few
as possible.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import GraphError

_MAX_LEVELS = 7


@dataclass(frozen=True)
class Walk:
    """Loops, outermost first; `steps[lane][i]` is what loop `i` adds to that lane's offset. The last is the
    row.
    """

    extents: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]

    @property
    def row(self) -> int:
        return self.extents[-1]

    @property
    def row_steps(self) -> tuple[int, ...]:
        return tuple(lane[-1] for lane in self.steps)

    @property
    def rows(self) -> int:
        return math.prod(self.extents[:-1])

    @property
    def elements(self) -> int:
        return math.prod(self.extents)

    @property
    def table(self) -> npt.NDArray[np.int32]:
        values = [len(self.extents) - 1, self.row, *self.row_steps]
        for index in reversed(range(len(self.extents) - 1)):
            values += [self.extents[index], *(lane[index] for lane in self.steps)]
        return np.array(values, np.int32)


def steps_of(shape: Sequence[int]) -> tuple[int, ...]:
    """Elements between neighbours along each axis of a dense array."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def broadcast_steps(shape: Sequence[int], rank: int) -> tuple[int, ...]:
    """Steps of a dense array read as one of higher rank: 0 along axes that it lacks or that have
    one element.
    """
    own = tuple(0 if size == 1 else step for size, step in zip(shape, steps_of(shape), strict=True))
    return (0,) * (rank - len(shape)) + own


def walk(extents: Sequence[int], *lanes: Sequence[int]) -> Walk:
    """The loops over `extents` with a tuple of steps per lane: axes of one element dropped, neighbours
    merged.
    """
    if any(extent == 0 for extent in extents):
        return Walk((0,), tuple((0,) for _ in lanes))
    merged: list[tuple[int, tuple[int, ...]]] = []
    for axis, extent in enumerate(extents):
        if extent == 1:
            continue
        steps = tuple(lane[axis] for lane in lanes)
        if merged:
            outer, before = merged[-1]
            if all(b == s * extent for b, s in zip(before, steps, strict=True)):
                merged[-1] = (outer * extent, steps)
                continue
        merged.append((extent, steps))
    if not merged:
        merged.append((1, tuple(0 for _ in lanes)))
    if len(merged) - 1 > _MAX_LEVELS:
        raise GraphError("too many dimensions for one kernel", found=len(merged), allowed=_MAX_LEVELS + 1)
    return Walk(
        tuple(extent for extent, _ in merged),
        tuple(tuple(steps[lane] for _, steps in merged) for lane in range(len(lanes))),
    )
