"""BROADCAST_TO: repeats along axes of one element."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE, MoveOperator, move_call
from tinyml_compress.ops._walk import broadcast_steps, steps_of
from tinyml_compress.ops.base import Call, Options, refuse

_MAX_RANK = 5


class BroadcastTo(MoveOperator):
    name = "BROADCAST_TO"
    options = Options("BroadcastToOptions")
    dtypes = tuple(str(dtype.numpy) for dtype in MOVABLE)
    limits = f"rank up to {_MAX_RANK}, shape constant"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        _checks.one_type(view, MOVABLE)
        _checks.dtypes(view, view.input(1), (DType.INT32, DType.INT64), "the shape")
        wanted = _checks.constant_ints(view, 1, "the shape")
        shape = view.input(0).shape
        if len(wanted) > _MAX_RANK or len(shape) > len(wanted):
            raise refuse(view, "rank of the shape", found=len(wanted), allowed=f"{len(shape)} to {_MAX_RANK}")
        for have, want in zip(reversed(shape), reversed(wanted), strict=False):
            if have not in (1, want):
                raise refuse(view, "shapes do not broadcast", found=f"{shape} to {wanted}")
        if any(size < 0 for size in wanted):
            raise refuse(view, "negative size", found=wanted, allowed="0 or more")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (_checks.constant_ints(view, 1, "the shape"),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        shape = view.output().shape
        return (move_call(view, shape, broadcast_steps(view.input(0).shape, len(shape)), steps_of(shape)),)


OPERATOR = BroadcastTo()
