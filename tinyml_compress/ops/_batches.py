"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: what they share. Both see the tensor as batch, rows, columns,
rest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from tinyml_compress.ir import NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import refuse


@dataclass(frozen=True)
class Blocks:
    """Block sizes along rows and columns, and what is padded or cropped before and after."""

    sizes: tuple[int, ...]
    edges: tuple[tuple[int, int], ...]

    @property
    def count(self) -> int:
        return math.prod(self.sizes)


def blocks_of(view: NodeView) -> Blocks:
    """The second and third input, checked."""
    sizes = _checks.constant_ints(view, 1, "the block shape")
    edges = _checks.constant_ints(view, 2, "paddings or crops")
    rank = len(view.input(0).shape)
    if len(sizes) != rank - 2 or len(edges) != 2 * len(sizes):
        raise refuse(
            view,
            "number of block sizes and edges",
            found=f"{len(sizes)} and {len(edges)}",
            allowed=f"{rank - 2} and {2 * (rank - 2)}",
        )
    if min(sizes) < 1 or min(edges) < 0:
        raise refuse(
            view, "block sizes or edges", found=f"{sizes} and {edges}", allowed="1 or more, 0 or more"
        )
    return Blocks(sizes, tuple(zip(edges[::2], edges[1::2], strict=True)))


@dataclass(frozen=True)
class BlockPart:
    """What of the image lies at one place of every block: a batch of its own among the blocks."""

    number: int
    extents: tuple[int, ...]
    image_steps: tuple[int, ...]
    image_start: int
    blocks_start: int


def parts_of(blocks: Blocks, image: tuple[int, ...], target: tuple[int, ...]) -> Iterator[BlockPart]:
    """All parts that have elements of an image, whose blocks are the tensor of the other shape."""
    image_steps, block_steps = steps_of(image), steps_of(target)
    steps = (image_steps[0], *(s * b for s, b in zip(image_steps[1:-1], blocks.sizes, strict=True)), 1)
    for number, place in enumerate(itertools.product(*map(range, blocks.sizes))):
        extents, starts, firsts = [image[0]], [0], [0]
        inside = zip(image[1:-1], blocks.sizes, blocks.edges, place, strict=True)
        for size, block, (before, _), at in inside:
            first = max(0, -((at - before) // block))  # the first block whose pixel is in the image
            start = first * block + at - before
            extents.append(max(0, -((start - size) // block)))
            starts.append(start)
            firsts.append(first)
        if 0 not in (*extents, *image):
            image_start = sum(s * step for s, step in zip(starts, image_steps, strict=False))
            within = sum(f * step for f, step in zip(firsts, block_steps, strict=False))
            blocks_start = number * image[0] * block_steps[0] + within
            yield BlockPart(number, (*extents, image[-1]), steps, image_start, blocks_start)
