"""MEAN and SUM of quantized tensors: a 32-bit sum, then one rescaling."""

from __future__ import annotations

from collections.abc import Mapping

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import requantize
from tinyml_compress.ops._reduce import ReduceOperator, reduced_elements, walk_params
from tinyml_compress.ops.base import Call, Out, Variant, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import NAMES, Params, each_type
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
    struct("tc_rescaled_sums", ints("channels bias multiplier shift zero_point")),
    struct("tc_f32_sum_params", pointers("int32_t", "kept reduced"), floats("divisor")),
)


class MeanSumOperator(ReduceOperator):
    """`mean` tells the two apart."""

    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    limits = "rank up to 5, constant axes"
    mean: bool

    def factor(self, view: NodeView) -> tuple[int, int]:
        """Multiplier and shift of the sum."""
        source, target = view.quant(0), view.output_quant()
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
        source, target = view.quant(0), view.output_quant()
        count, (multiplier, shift) = reduced_elements(view), self.factor(view)
        if (255 * count) << max(shift, 0) >= MOST:
            return None
        low, high = (
            requantize((end - source.zero_point) * count, multiplier, shift) + target.zero_point
            for end in (given[0].low, given[0].high)
        )
        return Range(low, high)

    def rescaling(self, view: NodeView) -> tuple[tuple[str, int], ...]:
        """What becomes of a sum."""
        multiplier, shift = self.factor(view)
        return (
            ("bias", -view.quant(0).zero_point * reduced_elements(view)),
            ("multiplier", multiplier),
            ("shift", shift),
            ("zero_point", view.output_quant().zero_point),
        )

    def of_sums(self, view: NodeView) -> Call | None:
        given, channels = view.input(0), view.output().elements
        if not self.keeps_channels(view) or channels != given.shape[-1] or given.dtype is DType.FLOAT32:
            return None
        kernel = f"tc_{NAMES[given.dtype]}_rescaled_sums__c"
        params = ("channels", channels), *self.rescaling(view)
        return Call(kernel, "tc_rescaled_sums", params, (Out(0), Out(1)))

    def check(self, view: NodeView) -> None:
        super().check(view)
        count = reduced_elements(view)
        if view.output().dtype is not DType.FLOAT32:
            source, target = view.quant(0), view.output_quant()
            _checks.shift(view, quantize_multiplier(source.scale / target.scale)[1])
        if count >= 1 << 15:
            raise refuse(view, "elements summed into one", found=count, allowed="below 32768")
        _checks.not_empty(view, view.input(0))


def meansum_variants(operator: MeanSumOperator) -> tuple[Variant, ...]:
    """Kernels of MEAN or SUM."""

    def params(view: NodeView) -> Params:
        return (*walk_params(view), *operator.rescaling(view))

    def float_params(view: NodeView) -> Params:
        return (*walk_params(view), ("divisor", float(reduced_elements(view)) if operator.mean else 1.0))

    return (
        *each_type("tc_{}_sum_rescale__c", (DType.INT8, DType.INT16), "tc_sum_params", params),
        *each_type("tc_{}_sum__c", (DType.FLOAT32,), "tc_f32_sum_params", float_params),
    )
