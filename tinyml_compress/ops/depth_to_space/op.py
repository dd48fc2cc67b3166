"""DEPTH_TO_SPACE: channels become blocks of pixels."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._moves import move_call
from tinyml_compress.ops._pixel_blocks import BlockAttrs, BlockOperator, block_walk
from tinyml_compress.ops.base import Call, Options, refuse


class DepthToSpace(BlockOperator):
    name = "DEPTH_TO_SPACE"
    options = Options("DepthToSpaceOptions")

    def check(self, view: NodeView) -> None:
        super().check(view)
        source, block = view.input(0), view.attrs(BlockAttrs).block_size
        if block < 1 or source.shape[3] % (block * block):
            raise refuse(view, "block size", found=block, allowed=f"its square divides {source.shape[3]}")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        n, h, w, c = view.input(0).shape
        block = view.attrs(BlockAttrs).block_size
        return ((n, h * block, w * block, c // (block * block)),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        fine, block = view.output().shape, view.attrs(BlockAttrs).block_size
        extents, steps, blocks = block_walk(fine, view.input(0).shape, block)
        return (move_call(view, extents, blocks, steps),)


OPERATOR = DepthToSpace()
