"""MINIMUM and MAXIMUM: stored values are compared as they are."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._binary import BinaryOperator, Params, broadcast_call, flat_in_place
from tinyml_compress.ops.base import Call, Options, Variant
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_minmax_params",
        ints("count"),
        pointers("int32_t", "walk"),
        ints("larger", note="1 for the maximum, 0 for the minimum"),
    ),
)

_NAMES = {DType.INT8: "s8", DType.INT16: "s16", DType.INT32: "s32", DType.INT64: "s64", DType.FLOAT32: "f32"}


class MinMaxOperator(BinaryOperator):
    """All three tensors have one quantization, for nothing is rescaled."""

    options = Options("MaximumMinimumOptions")
    types = tuple(_NAMES)
    max_rank = 5

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        if out.dtype in (DType.INT8, DType.INT16):
            _checks.same_quantization(view, first, out)
            _checks.same_quantization(view, second, out)


def minmax_variants(larger: bool) -> tuple[Variant, ...]:
    """The kernels, one per element type."""

    def one(dtype: DType) -> Variant:
        symbol = f"tc_{_NAMES[dtype]}_minmax__c"
        params: Params = (("larger", int(larger)),)

        def emit(view: NodeView) -> tuple[Call, ...]:
            return (broadcast_call(view, symbol, "tc_minmax_params", params),)

        return Variant(symbol, lambda view: view.output().dtype is dtype, emit, overlap=flat_in_place)

    return tuple(one(dtype) for dtype in _NAMES)
