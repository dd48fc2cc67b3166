"""UNPACK: one tensor for every index along an axis."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse


@dataclass(frozen=True)
class UnpackAttrs(Attrs):
    num: int = 0
    axis: int = 0


class Unpack(MoveOperator):
    name = "UNPACK"
    attrs_type = UnpackAttrs
    options = Options("UnpackOptions")
    types = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)

    def check(self, view: NodeView) -> None:
        attrs = view.attrs(UnpackAttrs)
        _checks.arity(view, 1, max(attrs.num, 1))
        _checks.one_type(view, self.types)
        rank = _checks.full_rank(view, view.input(0), 5, 1)
        axis = _checks.normal_axis(view, attrs.axis, rank)
        if view.input(0).shape[axis] != attrs.num:
            raise refuse(view, "number of outputs", found=attrs.num, allowed=view.input(0).shape[axis])

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        attrs, shape = view.attrs(UnpackAttrs), view.input(0).shape
        axis = attrs.axis % len(shape)
        return ((*shape[:axis], *shape[axis + 1 :]),) * attrs.num

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        attrs, shape = view.attrs(UnpackAttrs), view.input(0).shape
        axis, steps = attrs.axis % len(shape), steps_of(shape)
        rest = (*shape[:axis], *shape[axis + 1 :])
        return tuple(
            move_call(
                view,
                rest,
                (*steps[:axis], *steps[axis + 1 :]),
                steps_of(rest),
                target=index,
                in_start=index * steps[axis],
                name=f"walk{index}",
            )
            for index in range(attrs.num if view.input(0).elements else 0)
        )


OPERATOR = Unpack()
