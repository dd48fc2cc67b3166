"""EXPAND_DIMS: a new axis of one element."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._same_bytes import SameBytesOperator
from tinyml_compress.ops.base import Options, refuse

_TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)


class ExpandDims(SameBytesOperator):
    name = "EXPAND_DIMS"
    options = Options("ExpandDimsOptions")
    dtypes = ("int8", "int16", "float32")
    limits = "axis constant"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        dtype = _checks.dtypes(view, view.input(0), _TYPES)
        _checks.dtypes(view, view.output(), (dtype,))
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the axis")
        axes = _checks.constant_ints(view, 1, "the axis")
        if len(axes) != 1 or len(view.input(1).shape) > 1:
            raise refuse(view, "number of axes", found=len(axes), allowed=1)
        _checks.normal_axis(view, axes[0], len(view.input(0).shape) + 1)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        shape = view.input(0).shape
        axis = _checks.constant_ints(view, 1, "the axis")[0] % (len(shape) + 1)
        return ((*shape[:axis], 1, *shape[axis:]),)


OPERATOR = ExpandDims()
