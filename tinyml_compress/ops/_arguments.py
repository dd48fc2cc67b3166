"""ARG_MAX and ARG_MIN: what they share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Call, In, Operator, Out, Variant, refuse
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_arg_extreme_params",
        ints("outer"),
        ints("size", note="of the axis"),
        ints("inner"),
        ints("larger", note="1 for the largest, 0 for the smallest"),
    ),
)

_INT32 = 2
"""Its number in the schema."""
_NAMES = {DType.INT8: "s8", DType.FLOAT32: "f32"}


@dataclass(frozen=True)
class ArgExtremeAttrs(Attrs):
    """Attributes of ARG_MAX and ARG_MIN; `output_type` is the schema's number."""

    output_type: int = _INT32


class ArgExtremeOperator(Operator):
    """Index of the first extreme element along one constant axis, as int32."""

    attrs_type = ArgExtremeAttrs
    dtypes = ("int8", "float32")
    limits = "axis constant, int32 indices"
    larger: ClassVar[bool]

    def __init__(self) -> None:
        type(self).variants = tuple(self._variant(dtype) for dtype in _NAMES)

    def _axis(self, view: NodeView) -> int:
        (axis,) = _checks.constant_ints(view, 1, "the axis")
        return axis % len(view.input(0).shape)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        source = view.input(0)
        _checks.dtypes(view, source, tuple(_NAMES))
        _checks.dtypes(view, view.output(), (DType.INT32,), "the output")
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the axis")
        rank = _checks.full_rank(view, source, 6, 1)
        axes = _checks.constant_ints(view, 1, "the axis")
        if len(axes) != 1:
            raise refuse(view, "number of axes", found=len(axes), allowed=1)
        _checks.normal_axis(view, axes[0], rank)
        if source.elements == 0:
            raise refuse(view, "empty input", found=source.shape, allowed="at least one element")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        shape, axis = view.input(0).shape, self._axis(view)
        return ((*shape[:axis], *shape[axis + 1 :]),)

    def _variant(self, dtype: DType) -> Variant:
        symbol = f"tc_{_NAMES[dtype]}_arg_extreme__c"

        def emit(view: NodeView) -> tuple[Call, ...]:
            shape, axis = view.input(0).shape, self._axis(view)
            params = (
                ("outer", math.prod(shape[:axis])),
                ("size", shape[axis]),
                ("inner", math.prod(shape[axis + 1 :])),
                ("larger", int(self.larger)),
            )
            return (Call(symbol, "tc_arg_extreme_params", params, (In(0), Out())),)

        return Variant(symbol, lambda view: view.input(0).dtype is dtype, emit)
