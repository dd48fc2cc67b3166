"""REDUCE_MAX and REDUCE_MIN: what they share."""

from __future__ import annotations

from typing import ClassVar

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._reduce import ReduceOperator, walk_params
from tinyml_compress.ops.base import Call, In, Out, Variant, refuse
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_reduce_extreme_params",
        pointers("int32_t", "kept reduced"),
        ints("larger", note="1 for the maximum, 0 for the minimum"),
    ),
)

_NAMES = {DType.INT8: "s8", DType.FLOAT32: "f32"}


class ExtremeOperator(ReduceOperator):
    """Stored values are compared as they are, so input and output have one quantization."""

    types = (DType.INT8, DType.FLOAT32)
    larger: ClassVar[bool]

    def __init__(self) -> None:
        type(self).variants = tuple(self._variant(dtype) for dtype in self.types)

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is DType.INT8:
            _checks.same_quantization(view, view.input(0), view.output())
        if view.input(0).elements == 0:
            raise refuse(view, "empty input", found=view.input(0).shape, allowed="at least one element")

    def _variant(self, dtype: DType) -> Variant:
        symbol = f"tc_{_NAMES[dtype]}_reduce_extreme__c"

        def emit(view: NodeView) -> tuple[Call, ...]:
            params, tables = walk_params(view)
            params += (("larger", int(self.larger)),)
            return (Call(symbol, "tc_reduce_extreme_params", params, (In(0), Out()), tables),)

        return Variant(symbol, lambda view: view.input(0).dtype is dtype, emit)
