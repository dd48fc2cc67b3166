"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: what they share. Both see the tensor as batch, rows, columns,
rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import refuse


@dataclass(frozen=True)
class Blocks:
    """Block sizes along rows and columns, and what is padded or cropped before and after."""

    sizes: tuple[int, ...]
    edges: tuple[tuple[int, int], ...]

    @property
    def count(self) -> int:
        product = 1
        for size in self.sizes:
            product *= size
        return product


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
