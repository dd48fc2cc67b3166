"""Operators whose output is their input under another shape: RESHAPE, SQUEEZE, EXPAND_DIMS."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._moves import MOVABLE, MoveOperator, copy_call
from tinyml_compress.ops.base import Call, In, Out

__all__ = ["SameBytesOperator"]


class SameBytesOperator(MoveOperator):
    """Costs nothing where the planner grants the alias that this offers."""

    dtypes = tuple(str(dtype.numpy) for dtype in MOVABLE)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        return (copy_call(view.output().nbytes, In(0), Out()),)
