"""DIV: quotient with broadcasting and fused activation."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._addsub import FusedAttrs, check_fused, plain_variants
from tinyml_compress.ops._binary import BinaryOperator, binary_variants
from tinyml_compress.ops.base import Options, refuse
from tinyml_compress.ops.numerics import Activation, activation_range, quantize_multiplier
from tinyml_compress.ops.rows import Params, takes
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_s8_div_params",
        ints("count"),
        pointers("int32_t", "walk"),
        ints("zero_point1 zero_point2 multiplier shift zero_point low high"),
    ),
)


def _activation(view: NodeView) -> Activation:
    return view.attrs(FusedAttrs).activation


def _factor(view: NodeView) -> tuple[int, int]:
    """One step of the first input over one of the second, in output steps; float32 as on the device."""
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    with np.errstate(all="ignore"):  # extreme scales of a hostile file: the shift's check refuses infinity
        ratio = np.float32(first.scale) / (np.float32(second.scale) * np.float32(out.scale))
    return quantize_multiplier(float(ratio))


def _params(view: NodeView) -> Params:
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    multiplier, shift = _factor(view)
    low, high = activation_range(_activation(view), DType.INT8, out)
    return (
        ("zero_point1", first.zero_point),
        ("zero_point2", second.zero_point),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", out.zero_point),
        ("low", low),
        ("high", high),
    )


class Div(BinaryOperator):
    name = "DIV"
    ends_in_clamp = True
    attrs_type = FusedAttrs
    options = Options("DivOptions")
    types = (DType.INT8, DType.INT32, DType.FLOAT32)
    limits = (
        "whole numbers by 0 and int8 quotients below half a step are 0 (undefined in TensorFlow Lite Micro)"
    )
    variants = (
        *plain_variants("div", _activation),
        *binary_variants("div", "s8", "tc_s8_div_params", _params, takes(DType.INT8), flat=False),
    )

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        check_fused(view)
        if out.dtype is DType.INT32 and (first.quant is not None or second.quant is not None):
            raise refuse(view, "quantized int32 inputs", found="a scale", allowed="plain int32")
        if out.dtype is not DType.INT8:
            return
        quants = [_checks.quantization(view, tensor) for tensor in (first, second, out)]
        if _activation(view) is not Activation.NONE:
            _checks.six_fits(view, quants[2])
        shift = _factor(view)[1]
        if not -24 <= shift <= 23:
            raise refuse(
                view,
                "ratio of the scales",
                found=f"about 2^{shift}",
                allowed="2^-24 to 2^23",
                next_step="check the calibration data: one of the ranges looks broken",
            )


OPERATOR = Div()
