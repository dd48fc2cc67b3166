"""MUL: product with broadcasting and fused activation."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._addsub import FusedAttrs, check_fused, plain_variants
from tinyml_compress.ops._binary import BinaryOperator, binary_variants
from tinyml_compress.ops.base import Options
from tinyml_compress.ops.numerics import Activation, activation_range, quantize_multiplier
from tinyml_compress.ops.rows import Params, takes
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_mul_params",
        ints("count"),
        pointers("int32_t", "walk", note="two lanes; only for broadcasting"),
        ints("zero_point1 zero_point2 multiplier shift zero_point low high"),
    ),
)


def _multiplier(view: NodeView) -> tuple[int, int]:
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    return quantize_multiplier(first.scale * second.scale / out.scale)


def _params(view: NodeView) -> Params:
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    multiplier, shift = _multiplier(view)
    low, high = activation_range(view.attrs(FusedAttrs).activation, view.output().dtype, out)
    return (
        ("zero_point1", first.zero_point),
        ("zero_point2", second.zero_point),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", out.zero_point),
        ("low", low),
        ("high", high),
    )


class Mul(BinaryOperator):
    name = "MUL"
    ends_in_clamp = True
    attrs_type = FusedAttrs
    options = Options("MulOptions")
    types = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
    variants = (
        *binary_variants("mul", "s8", "tc_mul_params", _params, takes(DType.INT8)),
        *binary_variants("mul", "s16", "tc_mul_params", _params, takes(DType.INT16)),
        *plain_variants("mul", lambda view: view.attrs(FusedAttrs).activation),
    )

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        check_fused(view)
        if out.dtype in (DType.INT32, DType.FLOAT32):
            return
        _checks.quantizations(view, first, second, out)
        if view.attrs(FusedAttrs).activation is not Activation.NONE:
            _checks.six_fits(view, _checks.quantization(view, out))
        _checks.shift(view, _multiplier(view)[1])


OPERATOR = Mul()
