"""EXPAND_DIMS: a new axis of one element."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._same_bytes import SameBytesOperator
from tinyml_compress.ops.base import Options


class ExpandDims(SameBytesOperator):
    name = "EXPAND_DIMS"
    options = Options("ExpandDimsOptions")
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    limits = "axis constant"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        _checks.one_type(view, self.types)
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the axis")
        _checks.full_rank(view, view.input(1), 1)
        _checks.one_axis(view, 1, len(view.input(0).shape) + 1)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        shape = view.input(0).shape
        axis = _checks.one_axis(view, 1, len(shape) + 1)
        return ((*shape[:axis], 1, *shape[axis:]),)


OPERATOR = ExpandDims()
