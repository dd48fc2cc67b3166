"""SPACE_TO_BATCH_ND: every block position becomes a batch of its own."""

from __future__ import annotations

import itertools

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._batches import blocks_of
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
        source, target, blocks = view.input(0), view.output(), blocks_of(view)
        in_steps, out_steps = steps_of(source.shape), steps_of(target.shape)
        calls: list[Call] = []
        if target.elements != source.elements:
            # Stored zeros, whatever the zero point: so does TensorFlow Lite Micro.
            calls.append(fill_call(view, target.dtype.numpy.type(0), target.elements))
        for number, place in enumerate(itertools.product(*(range(block) for block in blocks.sizes))):
            extents, starts, firsts = [source.shape[0]], [0], [0]
            for size, block, (before, _), at in zip(
                source.shape[1:-1], blocks.sizes, blocks.edges, place, strict=True
            ):
                first = max(0, -((at - before) // block))  # the first output index that reads the input
                start = first * block + at - before
                extents.append(max(0, -((start - size) // block)))
                starts.append(start)
                firsts.append(first)
            if 0 in extents or not source.elements:
                continue
            calls.append(
                move_call(
                    view,
                    (*extents, source.shape[-1]),
                    (in_steps[0], *(s * b for s, b in zip(in_steps[1:-1], blocks.sizes, strict=True)), 1),
                    out_steps,
                    in_start=sum(s * step for s, step in zip(starts, in_steps, strict=False)),
                    out_start=number * source.shape[0] * out_steps[0]
                    + sum(f * step for f, step in zip(firsts, out_steps, strict=False)),
                    name=f"walk{number}",
                )
            )
        return tuple(calls)


OPERATOR = SpaceToBatchNd()
