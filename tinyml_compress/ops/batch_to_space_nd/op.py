"""BATCH_TO_SPACE_ND: batches become block positions again."""

from __future__ import annotations

import itertools

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._batches import blocks_of
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
        source, target, blocks = view.input(0), view.output(), blocks_of(view)
        in_steps, out_steps = steps_of(source.shape), steps_of(target.shape)
        calls: list[Call] = []
        for number, place in enumerate(itertools.product(*(range(block) for block in blocks.sizes))):
            extents, starts, firsts = [target.shape[0]], [0], [0]
            for size, block, (before, _), at in zip(
                target.shape[1:-1], blocks.sizes, blocks.edges, place, strict=True
            ):
                first = max(0, -((at - before) // block))  # the first input index that is not cropped
                start = first * block + at - before
                extents.append(max(0, -((start - size) // block)))
                starts.append(start)
                firsts.append(first)
            if 0 in extents or not target.elements:
                continue
            calls.append(
                move_call(
                    view,
                    (*extents, target.shape[-1]),
                    in_steps,
                    (out_steps[0], *(s * b for s, b in zip(out_steps[1:-1], blocks.sizes, strict=True)), 1),
                    in_start=number * target.shape[0] * in_steps[0]
                    + sum(f * step for f, step in zip(firsts, in_steps, strict=False)),
                    out_start=sum(s * step for s, step in zip(starts, out_steps, strict=False)),
                    name=f"walk{number}",
                )
            )
        return tuple(calls)


OPERATOR = BatchToSpaceNd()
