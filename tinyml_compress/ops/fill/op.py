"""FILL: a tensor of one value."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, fill_call, move_call
from tinyml_compress.ops.base import Call, Options, refuse


class Fill(MoveOperator):
    name = "FILL"
    options = Options("FillOptions")
    types = (DType.INT8, DType.INT32, DType.FLOAT32)
    limits = "shape constant"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        _checks.one_type(view, self.types, 1, what="the value")
        shape = _checks.constant_ints(view, 0, "the shape")
        if any(size < 0 for size in shape) or view.input(1).shape:
            raise refuse(
                view, "shape or value", found=f"{shape}, {view.input(1).shape}", allowed="a scalar value"
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (_checks.constant_ints(view, 0, "the shape"),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        value = view.input(1).data
        if value is not None:
            return (fill_call(view, value.reshape(-1)[0], view.output().elements),)
        return (move_call(view, (view.output().elements,), (0,), (1,), source=1),)


OPERATOR = Fill()
