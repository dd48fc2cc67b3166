"""The six comparisons: what they share. All kernels answer by one small truth table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._binary import BinaryOperator, broadcast_params
from tinyml_compress.ops.base import In, Out, Overlap, Variant, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import Params, each_type
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
        type(self).variants = tuple(row for dtype in self.types for row in self._rows(dtype))

    def output_dtype(self, inputs: DType) -> DType:
        return DType.BOOL

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        if first.dtype is not DType.INT8:
            return
        for tensor in (first, second):
            quant = _checks.quantization(view, tensor)
            if not quant.scale < 1.0 or quantize_multiplier(quant.scale)[1] > 0:
                raise refuse(view, f"scale of tensor {tensor.name}", found=quant.scale, allowed="below 1")

    def _rows(self, dtype: DType) -> tuple[Variant, ...]:
        scaled = dtype is DType.INT8
        struct, params = ("_scaled", self._scaled_params) if scaled else ("", self._params)
        return each_type(
            "tc_{}_compare__c",
            (dtype,),
            f"tc_compare{struct}_params",
            params,
            (In(0), In(1), Out()),
            overlap=_in_place,
        )

    def _answers(self, view: NodeView) -> Params:
        truth = self.truth
        answers = {"less": truth.less, "equal": truth.equal, "greater": truth.greater}
        return (*broadcast_params(view), *((name, int(answer)) for name, answer in answers.items()))

    def _params(self, view: NodeView) -> Params:
        return (*self._answers(view), ("unordered", int(self.truth.unordered)))

    def _scaled_params(self, view: NodeView) -> Params:
        params = self._answers(view)
        for index in (0, 1):
            quant = view.quant(index)
            multiplier, shift = quantize_multiplier(quant.scale)
            params += (
                (f"zero_point{index + 1}", quant.zero_point),
                (f"multiplier{index + 1}", multiplier),
                (f"shift{index + 1}", shift),
            )
        return params
