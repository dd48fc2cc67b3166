"""MINIMUM and MAXIMUM: stored values are compared as they are."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._binary import BinaryOperator, broadcast_params, flat_in_place
from tinyml_compress.ops.base import In, Options, Out, Variant
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_minmax_params",
        ints("count"),
        pointers("int32_t", "walk"),
        ints("larger", note="1 for the maximum, 0 for the minimum"),
    ),
)


class MinMaxOperator(BinaryOperator):
    """All three tensors have one quantization, for nothing is rescaled."""

    options = Options("MaximumMinimumOptions")
    types = (DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)
    max_rank = 5

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        if out.dtype in (DType.INT8, DType.INT16):
            _checks.same_quantization(view, first, out)
            _checks.same_quantization(view, second, out)


def minmax_variants(larger: bool) -> tuple[Variant, ...]:
    """The kernels, one per element type."""

    def params(view: NodeView) -> Params:
        return (*broadcast_params(view), ("larger", int(larger)))

    return each_type(
        "tc_{}_minmax__c",
        MinMaxOperator.types,
        "tc_minmax_params",
        params,
        (In(0), In(1), Out()),
        overlap=flat_in_place,
    )
