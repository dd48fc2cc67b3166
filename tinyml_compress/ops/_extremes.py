"""REDUCE_MAX and REDUCE_MIN: what they share."""

from __future__ import annotations

from typing import ClassVar

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._reduce import ReduceOperator, walk_params
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_reduce_extreme_params",
        pointers("int32_t", "kept reduced"),
        ints("larger", note="1 for the maximum, 0 for the minimum"),
    ),
)


class ExtremeOperator(ReduceOperator):
    """Stored values are compared as they are, so input and output have one quantization."""

    types = (DType.INT8, DType.FLOAT32)
    larger: ClassVar[bool]

    def __init__(self) -> None:
        type(self).variants = each_type(
            "tc_{}_reduce_extreme__c", self.types, "tc_reduce_extreme_params", self._params
        )

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is DType.INT8:
            _checks.same_quantization(view, view.input(0), view.output())
        _checks.not_empty(view, view.input(0))

    def _params(self, view: NodeView) -> Params:
        return (*walk_params(view), ("larger", int(self.larger)))
