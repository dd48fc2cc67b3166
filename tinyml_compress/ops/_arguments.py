"""ARG_MAX and ARG_MIN: what they share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Operator
from tinyml_compress.ops.rows import Params, each_type
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


@dataclass(frozen=True)
class ArgExtremeAttrs(Attrs):
    """Attributes of ARG_MAX and ARG_MIN; `output_type` is the schema's number."""

    output_type: int = _INT32


class ArgExtremeOperator(Operator):
    """Index of the first extreme element along one constant axis, as int32."""

    attrs_type = ArgExtremeAttrs
    types = (DType.INT8, DType.FLOAT32)
    limits = "axis constant, int32 indices"
    larger: ClassVar[bool]

    def __init__(self) -> None:
        type(self).variants = each_type(
            "tc_{}_arg_extreme__c", self.types, "tc_arg_extreme_params", self._params
        )

    def _axis(self, view: NodeView) -> int:
        return _checks.one_axis(view, 1, len(view.input(0).shape))

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        source = view.input(0)
        _checks.dtypes(view, source, self.types)
        _checks.dtypes(view, view.output(), (DType.INT32,), "the output")
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the axis")
        rank = _checks.full_rank(view, source, 6, 1)
        _checks.one_axis(view, 1, rank)
        _checks.not_empty(view, source)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        shape, axis = view.input(0).shape, self._axis(view)
        return ((*shape[:axis], *shape[axis + 1 :]),)

    def _params(self, view: NodeView) -> Params:
        shape, axis = view.input(0).shape, self._axis(view)
        return (
            ("outer", math.prod(shape[:axis])),
            ("size", shape[axis]),
            ("inner", math.prod(shape[axis + 1 :])),
            ("larger", int(self.larger)),
        )
