"""SPACE_TO_DEPTH: blocks of pixels become channels."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse


@dataclass(frozen=True)
class SpaceToDepthAttrs(Attrs):
    block_size: int = 1


class SpaceToDepth(MoveOperator):
    name = "SPACE_TO_DEPTH"
    attrs_type = SpaceToDepthAttrs
    options = Options("SpaceToDepthOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "rank 4"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        source, block = view.input(0), view.attrs(SpaceToDepthAttrs).block_size
        _checks.one_type(view, self.types)
        _checks.full_rank(view, source, 4, 4)
        if block < 1 or source.shape[1] % block or source.shape[2] % block:
            raise refuse(view, "block size", found=block, allowed=f"a divisor of {source.shape[1:3]}")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        n, h, w, c = view.input(0).shape
        block = view.attrs(SpaceToDepthAttrs).block_size
        return ((n, h // block, w // block, c * block * block),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        n, h, w, c = view.input(0).shape
        block = view.attrs(SpaceToDepthAttrs).block_size
        extents = (n, h // block, block, w // block, block, c)
        batch, row, column, _ = steps_of(view.output().shape)
        return (move_call(view, extents, steps_of(extents), (batch, row, block * c, column, c, 1)),)


OPERATOR = SpaceToDepth()
