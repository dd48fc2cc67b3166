"""DEPTH_TO_SPACE: channels become blocks of pixels."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse


@dataclass(frozen=True)
class DepthToSpaceAttrs(Attrs):
    block_size: int = 1


class DepthToSpace(MoveOperator):
    name = "DEPTH_TO_SPACE"
    attrs_type = DepthToSpaceAttrs
    options = Options("DepthToSpaceOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "rank 4"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        source, block = view.input(0), view.attrs(DepthToSpaceAttrs).block_size
        _checks.one_type(view, self.types)
        _checks.full_rank(view, source, 4, 4)
        if block < 1 or source.shape[3] % (block * block):
            raise refuse(view, "block size", found=block, allowed=f"its square divides {source.shape[3]}")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        n, h, w, c = view.input(0).shape
        block = view.attrs(DepthToSpaceAttrs).block_size
        return ((n, h * block, w * block, c // (block * block)),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        n, h, w, _ = view.input(0).shape
        block, c = view.attrs(DepthToSpaceAttrs).block_size, view.output().shape[3]
        batch, row, column, _ = steps_of(view.input(0).shape)
        extents = (n, h, block, w, block, c)
        return (move_call(view, extents, (batch, row, block * c, column, c, 1), steps_of(extents)),)


OPERATOR = DepthToSpace()
