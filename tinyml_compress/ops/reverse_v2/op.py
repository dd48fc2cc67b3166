"""REVERSE_V2: the other way round along axes."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE, MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse


class ReverseV2(MoveOperator):
    name = "REVERSE_V2"
    options = Options("ReverseV2Options")
    dtypes = tuple(str(dtype.numpy) for dtype in MOVABLE if dtype is not DType.UINT32)
    limits = "rank up to 5; axes constant and next to one another"

    def _axes(self, view: NodeView) -> tuple[int, ...]:
        rank = len(view.input(0).shape)
        return tuple(sorted(axis % rank for axis in _checks.constant_ints(view, 1, "the axes")))

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        dtype = _checks.dtypes(view, view.input(0), tuple(t for t in MOVABLE if t is not DType.UINT32))
        _checks.dtypes(view, view.output(), (dtype,))
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the axes")
        rank = _checks.full_rank(view, view.input(0), 5, 1)
        for axis in _checks.constant_ints(view, 1, "the axes"):
            _checks.normal_axis(view, axis, rank)
        axes = self._axes(view)
        if not axes or axes != tuple(range(axes[0], axes[0] + len(axes))):
            raise refuse(
                view, "the axes", found=axes, allowed="at least one, next to one another, none twice"
            )

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        shape, axes = view.input(0).shape, self._axes(view)
        steps = steps_of(shape)
        if not view.input(0).elements:
            return ()
        turned = [-step if axis in axes else step for axis, step in enumerate(steps)]
        start = sum((shape[axis] - 1) * steps[axis] for axis in axes)
        return (move_call(view, shape, turned, steps, in_start=start),)


OPERATOR = ReverseV2()
