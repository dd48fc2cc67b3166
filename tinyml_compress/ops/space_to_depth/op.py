"""SPACE_TO_DEPTH: blocks of pixels become channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, OptionField, Options

__all__ = ["OPERATOR", "SpaceToDepth", "SpaceToDepthAttrs"]


@dataclass(frozen=True)
class SpaceToDepthAttrs(Attrs):
    """Attributes of SPACE_TO_DEPTH."""

    block_size: int = 1


class SpaceToDepth(MoveOperator):
    name = "SPACE_TO_DEPTH"
    attrs_type = SpaceToDepthAttrs
    options = Options("SpaceToDepthOptions", (OptionField("block_size", "block_size"),))
    dtypes = ("int8", "float32")
    limits = "rank 4"

    def check(self, view: NodeView) -> None:
        _checks.arity(self, view, 1)
        source, block = view.input(0), cast(SpaceToDepthAttrs, view.attrs).block_size
        dtype = _checks.dtypes(self, view, source, (DType.INT8, DType.FLOAT32))
        _checks.dtypes(self, view, view.output(), (dtype,))
        _checks.full_rank(self, view, source, 4, 4)
        if block < 1 or source.shape[1] % block or source.shape[2] % block:
            raise self.refuse(view, "block size", found=block, allowed=f"a divisor of {source.shape[1:3]}")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        n, h, w, c = view.input(0).shape
        block = cast(SpaceToDepthAttrs, view.attrs).block_size
        return ((n, h // block, w // block, c * block * block),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        n, h, w, c = view.input(0).shape
        block = cast(SpaceToDepthAttrs, view.attrs).block_size
        extents = (n, h // block, block, w // block, block, c)
        batch, row, column, _ = steps_of(view.output().shape)
        return (move_call(view, extents, steps_of(extents), (batch, row, block * c, column, c, 1)),)


OPERATOR = SpaceToDepth()
