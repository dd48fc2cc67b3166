"""BATCH_TO_SPACE_ND: batches become block positions again."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._batches import blocks_of, parts_of
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse


class BatchToSpaceNd(MoveOperator):
    name = "BATCH_TO_SPACE_ND"
    options = Options("BatchToSpaceNDOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "rank 3 or 4; block shape and crops constant"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 3)
        source = view.input(0)
        _checks.one_type(view, self.types)
        _checks.full_rank(view, source, 4, 3)
        blocks = blocks_of(view)
        if source.shape[0] % blocks.count:
            raise refuse(view, "batches", found=source.shape[0], allowed=f"a multiple of {blocks.count}")
        for size, block, (before, after) in zip(source.shape[1:-1], blocks.sizes, blocks.edges, strict=True):
            if before + after > size * block:
                raise refuse(view, "crops", found=(before, after), allowed=f"{size * block} in all")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        shape, blocks = view.input(0).shape, blocks_of(view)
        inside = zip(shape[1:-1], blocks.sizes, blocks.edges, strict=True)
        return (
            (shape[0] // blocks.count, *(size * block - b - a for size, block, (b, a) in inside), shape[-1]),
        )

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        source, target = view.input(0).shape, view.output().shape
        return tuple(
            move_call(
                view,
                part.extents,
                steps_of(source),
                part.image_steps,
                in_start=part.blocks_start,
                out_start=part.image_start,
                name=f"walk{part.number}",
            )
            for part in parts_of(blocks_of(view), target, source)
        )


OPERATOR = BatchToSpaceNd()
