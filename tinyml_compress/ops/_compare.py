"""The six comparisons: what they share. All kernels answer by one small truth table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._binary import BinaryOperator, Params, broadcast_call
from tinyml_compress.ops.base import Call, Overlap, Variant, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_compare_params", ints("count"), pointers("int32_t", "walk"), ints("less equal greater unordered")
    ),
    struct(
        "tc_compare_scaled_params",
        ints("count"),
        pointers("int32_t", "walk"),
        ints("less equal greater zero_point1 multiplier1 shift1 zero_point2 multiplier2 shift2"),
    ),
)

_NAMES = {
    DType.INT8: "s8",
    DType.INT32: "s32",
    DType.INT64: "s64",
    DType.FLOAT32: "f32",
    DType.BOOL: "u8",
}


@dataclass(frozen=True)
class Truth:
    """What a comparison answers; floats that cannot be compared count as different."""

    less: bool
    equal: bool
    greater: bool
    unordered: bool = False


def _in_place(view: NodeView) -> tuple[Overlap, ...]:
    """Over an input of one byte per element that is as large as the output."""
    return tuple(
        Overlap(index, 0)
        for index in (0, 1)
        if view.input(index).dtype.itemsize == 1 and view.input(index).elements == view.output().elements
    )


class CompareOperator(BinaryOperator):
    """Compares quantized values by what they mean, others as they are."""

    truth: ClassVar[Truth]
    types: ClassVar[tuple[DType, ...]] = (DType.INT8, DType.INT32, DType.INT64, DType.FLOAT32)
    max_rank = 5

    def __init__(self) -> None:
        type(self).variants = tuple(self._variant(dtype) for dtype in self.types)

    def output_dtype(self, inputs: DType) -> DType:
        return DType.BOOL

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        if first.dtype is not DType.INT8:
            return
        for tensor in (first, second):
            quant = _checks.quantization(view, tensor)
            if not quant.scale < 1.0 or quantize_multiplier(quant.scale)[1] > 0:
                raise refuse(view, f"scale of tensor {tensor.name}", found=quant.scale, allowed="below 1")

    def _variant(self, dtype: DType) -> Variant:
        symbol = f"tc_{_NAMES[dtype]}_compare__c"

        def emit(view: NodeView) -> tuple[Call, ...]:
            truth = self.truth
            params: Params = (
                ("less", int(truth.less)),
                ("equal", int(truth.equal)),
                ("greater", int(truth.greater)),
            )
            if dtype is not DType.INT8:
                params += (("unordered", int(truth.unordered)),)
                return (broadcast_call(view, symbol, "tc_compare_params", params),)
            for index in (0, 1):
                quant = view.quant(index)
                multiplier, shift = quantize_multiplier(quant.scale)
                params += (
                    (f"zero_point{index + 1}", quant.zero_point),
                    (f"multiplier{index + 1}", multiplier),
                    (f"shift{index + 1}", shift),
                )
            return (broadcast_call(view, symbol, "tc_compare_scaled_params", params),)

        return Variant(symbol, lambda view: view.input(0).dtype is dtype, emit, overlap=_in_place)
