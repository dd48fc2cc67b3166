"""PACK: tensors of one shape along a new axis."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse


@dataclass(frozen=True)
class PackAttrs(Attrs):
    values_count: int = 0
    axis: int = 0


class Pack(MoveOperator):
    name = "PACK"
    attrs_type = PackAttrs
    options = Options("PackOptions")
    types = (DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)

    def check(self, view: NodeView) -> None:
        attrs = view.attrs(PackAttrs)
        if attrs.values_count != len(view.node.inputs) or attrs.values_count < 1:
            raise refuse(
                view,
                "number of inputs",
                found=len(view.node.inputs),
                allowed=f"{attrs.values_count} (values_count)",
            )
        _checks.arity(view, attrs.values_count)
        first = view.input(0)
        dtype = _checks.one_type(view, self.types)
        rank = _checks.full_rank(view, first, 5)
        _checks.normal_axis(view, attrs.axis, rank + 1)
        for index in range(attrs.values_count):
            tensor = view.input(index)
            _checks.dtypes(view, tensor, (dtype,))
            if tensor.shape != first.shape:
                raise refuse(view, f"shape of input {index}", found=tensor.shape, allowed=first.shape)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        attrs, shape = view.attrs(PackAttrs), view.input(0).shape
        axis = attrs.axis % (len(shape) + 1)
        return ((*shape[:axis], attrs.values_count, *shape[axis:]),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        attrs, shape = view.attrs(PackAttrs), view.input(0).shape
        axis, steps = attrs.axis % (len(shape) + 1), steps_of(view.output().shape)
        kept = (*steps[:axis], *steps[axis + 1 :])
        return tuple(
            move_call(
                view,
                shape,
                steps_of(shape),
                kept,
                source=index,
                out_start=index * steps[axis],
                name=f"walk{index}",
            )
            for index in range(attrs.values_count if view.output().elements else 0)
        )


OPERATOR = Pack()
