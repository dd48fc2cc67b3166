"""SPACE_TO_BATCH_ND: every block position becomes a batch of its own."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._batches import blocks_of, parts_of
from tinyml_compress.ops._moves import MoveOperator, fill_call, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse


class SpaceToBatchNd(MoveOperator):
    name = "SPACE_TO_BATCH_ND"
    options = Options("SpaceToBatchNDOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "rank 3 or 4; block shape and paddings constant"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 3)
        source = view.input(0)
        _checks.one_type(view, self.types)
        _checks.full_rank(view, source, 4, 3)
        blocks = blocks_of(view)
        for size, block, (before, after) in zip(source.shape[1:-1], blocks.sizes, blocks.edges, strict=True):
            if (before + size + after) % block:
                raise refuse(
                    view, "padded size", found=before + size + after, allowed=f"a multiple of {block}"
                )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        shape, blocks = view.input(0).shape, blocks_of(view)
        inside = zip(shape[1:-1], blocks.sizes, blocks.edges, strict=True)
        return (
            (
                shape[0] * blocks.count,
                *((b + size + a) // block for size, block, (b, a) in inside),
                shape[-1],
            ),
        )

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        source, target = view.input(0), view.output()
        calls: list[Call] = []
        if target.elements != source.elements:
            # Stored zeros, whatever the zero point: so does TensorFlow Lite Micro.
            calls.append(fill_call(view, target.dtype.numpy.type(0), target.elements))
        for part in parts_of(blocks_of(view), source.shape, target.shape):
            calls.append(
                move_call(
                    view,
                    part.extents,
                    part.image_steps,
                    steps_of(target.shape),
                    in_start=part.image_start,
                    out_start=part.blocks_start,
                    name=f"walk{part.number}",
                )
            )
        return tuple(calls)


OPERATOR = SpaceToBatchNd()
