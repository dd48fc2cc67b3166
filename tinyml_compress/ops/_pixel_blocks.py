"""SPACE_TO_DEPTH and DEPTH_TO_SPACE: the pixels of a block, and channels side by side."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator
from tinyml_compress.ops._walk import steps_of


@dataclass(frozen=True)
class BlockAttrs(Attrs):
    block_size: int = 1


class BlockOperator(MoveOperator):
    """An image of rank 4."""

    attrs_type = BlockAttrs
    types = (DType.INT8, DType.FLOAT32)
    limits = "rank 4"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        _checks.one_type(view, self.types)
        _checks.full_rank(view, view.input(0), 4, 4)


Places = tuple[int, ...]


def block_walk(fine: Places, coarse: Places, block: int) -> tuple[Places, Places, Places]:
    """Loops over an image of `fine` pixels: extents, its own steps, and those in the image of blocks."""
    channels = fine[3]
    extents = (coarse[0], coarse[1], block, coarse[2], block, channels)
    batch, row, column, _ = steps_of(coarse)
    return extents, steps_of(extents), (batch, row, block * channels, column, channels, 1)
