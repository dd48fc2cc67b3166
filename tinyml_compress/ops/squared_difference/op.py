"""SQUARED_DIFFERENCE with broadcasting."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._binary import BinaryOperator, binary_variants
from tinyml_compress.ops.base import Options
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import Params, takes


def _left_shift(dtype: DType) -> int:
    return 7 if dtype is DType.INT8 else 0


def _multipliers(view: NodeView) -> tuple[float, float, float]:
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    twice = 2.0 * max(first.scale, second.scale)
    shift = 2 * _left_shift(view.output().dtype)
    return first.scale / twice, second.scale / twice, twice * twice / ((1 << shift) * out.scale)


def _params(view: NodeView) -> Params:
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    scaled = [quantize_multiplier(factor) for factor in _multipliers(view)]
    bits = 8 * view.output().dtype.itemsize - 1
    return (
        ("left_shift", _left_shift(view.output().dtype)),
        ("zero_point1", first.zero_point),
        ("multiplier1", scaled[0][0]),
        ("shift1", scaled[0][1]),
        ("zero_point2", second.zero_point),
        ("multiplier2", scaled[1][0]),
        ("shift2", scaled[1][1]),
        ("multiplier", scaled[2][0]),
        ("shift", scaled[2][1]),
        ("zero_point", out.zero_point),
        ("low", -(1 << bits)),
        ("high", (1 << bits) - 1),
    )


class SquaredDifference(BinaryOperator):
    name = "SQUARED_DIFFERENCE"
    options = Options("SquaredDifferenceOptions")
    types = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
    variants = tuple(
        variant
        for name, dtype, params_type, params in (
            ("s8", DType.INT8, "tc_addsub_params", _params),
            ("s16", DType.INT16, "tc_addsub_params", _params),
            ("s32", DType.INT32, "tc_broadcast_params", lambda view: ()),
            ("f32", DType.FLOAT32, "tc_broadcast_params", lambda view: ()),
        )
        for variant in binary_variants(
            "squared_difference", name, params_type, params, takes(dtype), flat=False
        )
    )

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        if out.dtype not in (DType.INT8, DType.INT16):
            return
        _checks.quantizations(view, first, second, out)
        _checks.shift(view, quantize_multiplier(_multipliers(view)[2])[1])


OPERATOR = SquaredDifference()
