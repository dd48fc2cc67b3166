"""SPACE_TO_DEPTH: blocks of pixels become channels."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._moves import move_call
from tinyml_compress.ops._pixel_blocks import BlockAttrs, BlockOperator, block_walk
from tinyml_compress.ops.base import Call, Options, refuse


class SpaceToDepth(BlockOperator):
    name = "SPACE_TO_DEPTH"
    options = Options("SpaceToDepthOptions")

    def check(self, view: NodeView) -> None:
        super().check(view)
        source, block = view.input(0), view.attrs(BlockAttrs).block_size
        if block < 1 or source.shape[1] % block or source.shape[2] % block:
            raise refuse(view, "block size", found=block, allowed=f"a divisor of {source.shape[1:3]}")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        n, h, w, c = view.input(0).shape
        block = view.attrs(BlockAttrs).block_size
        return ((n, h // block, w // block, c * block * block),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        fine, block = view.input(0).shape, view.attrs(BlockAttrs).block_size
        extents, steps, blocks = block_walk(fine, view.output().shape, block)
        return (move_call(view, extents, steps, blocks),)


OPERATOR = SpaceToDepth()
