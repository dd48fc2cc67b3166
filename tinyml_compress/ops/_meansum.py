"""MEAN and SUM of quantized tensors: a 32-bit sum, then one rescaling."""

from __future__ import annotations

from collections.abc import Mapping

from tinyml_compress.ir import DType, NodeView, Quant
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import requantize
from tinyml_compress.ops._reduce import ReduceOperator, reduced_elements, walk_params
from tinyml_compress.ops.base import Call, In, Out, Variant, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.structs import floats, ints, pointers, struct
from tinyml_compress.ops.traits import MOST, Range

STRUCTS = (
    # `kept` walks (one lane) where the input elements of each output element start, `reduced` from there.
    struct(
        "tc_sum_params",
        pointers("int32_t", "kept reduced"),
        ints("bias", note="what the input zero point adds to a sum, negated"),
        ints("multiplier shift zero_point"),
    ),
    struct("tc_f32_sum_params", pointers("int32_t", "kept reduced"), floats("divisor")),
)

_NAMES = {DType.INT8: "s8", DType.INT16: "s16"}


def _quants(view: NodeView) -> tuple[Quant, Quant]:
    source, target = view.quant(0), view.output_quant()
    return source, target


class MeanSumOperator(ReduceOperator):
    """`mean` tells the two apart."""

    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    limits = "rank up to 5, constant axes"
    mean: bool

    def factor(self, view: NodeView) -> tuple[int, int]:
        """Multiplier and shift of the sum."""
        source, target = _quants(view)
        multiplier, shift = quantize_multiplier(source.scale / target.scale)
        if self.mean:
            # 1/count goes into the multiplier, which first takes as many bits as fit.
            count = reduced_elements(view)
            bits = min(max(count, 1).bit_length() - 1, 32, 31 + shift)
            multiplier = (multiplier << bits) // max(count, 1)
            shift -= bits
        return multiplier, shift

    def output_range(self, view: NodeView, given: Mapping[int, Range]) -> Range | None:
        if not self.keeps_channels(view):
            return None
        source, target = _quants(view)
        count, (multiplier, shift) = reduced_elements(view), self.factor(view)
        if (255 * count) << max(shift, 0) >= MOST:
            return None
        low, high = (
            requantize((end - source.zero_point) * count, multiplier, shift) + target.zero_point
            for end in (given[0].low, given[0].high)
        )
        return Range(low, high)

    def check(self, view: NodeView) -> None:
        super().check(view)
        count = reduced_elements(view)
        if view.output().dtype is not DType.FLOAT32:
            source, target = _quants(view)
            _checks.shift(view, quantize_multiplier(source.scale / target.scale)[1])
        if count >= 1 << 15:
            raise refuse(view, "elements summed into one", found=count, allowed="below 32768")
        if view.input(0).elements == 0:
            raise refuse(view, "empty input", found=view.input(0).shape, allowed="at least one element")


def _is_float(view: NodeView) -> bool:
    return view.input(0).dtype is DType.FLOAT32


def meansum_variants(operator: MeanSumOperator) -> tuple[Variant, ...]:
    """Kernels of MEAN or SUM."""

    def emit_float(view: NodeView) -> tuple[Call, ...]:
        params, tables = walk_params(view)
        params += (("divisor", float(reduced_elements(view)) if operator.mean else 1.0),)
        return (Call("tc_f32_sum__c", "tc_f32_sum_params", params, (In(0), Out()), tables),)

    def rescale(dtype: DType) -> Variant:
        symbol = f"tc_{_NAMES[dtype]}_sum_rescale__c"

        def emit(view: NodeView) -> tuple[Call, ...]:
            source, target = _quants(view)
            multiplier, shift = operator.factor(view)
            params, tables = walk_params(view)
            params += (
                ("bias", -source.zero_point * reduced_elements(view)),
                ("multiplier", multiplier),
                ("shift", shift),
                ("zero_point", target.zero_point),
            )
            return (Call(symbol, "tc_sum_params", params, (In(0), Out()), tables),)

        return Variant(symbol, lambda view: view.input(0).dtype is dtype, emit)

    return (*(rescale(dtype) for dtype in _NAMES), Variant("tc_f32_sum__c", _is_float, emit_float))
