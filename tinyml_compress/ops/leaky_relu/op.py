"""LEAKY_RELU: negative inputs are multiplied by a constant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView, Quant
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import Ints, requantize
from tinyml_compress.ops._unary import UnaryOperator, all_values, in_place, lookup_variant
from tinyml_compress.ops.base import Options, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import Params, called, takes
from tinyml_compress.ops.structs import floats, ints, struct

STRUCTS = (
    struct(
        "tc_leaky_relu_params",
        ints("count in_zero_point"),
        ints("multiplier", note="of inputs that are not negative"),
        ints("shift"),
        ints("alpha_multiplier", note="of the others"),
        ints("alpha_shift zero_point"),
    ),
    struct("tc_f32_leaky_relu_params", ints("count"), floats("alpha")),
)


@dataclass(frozen=True)
class LeakyReluAttrs(Attrs):
    alpha: float = 0.0


def _quants(view: NodeView) -> tuple[Quant, Quant]:
    source, target = view.quant(0), view.output_quant()
    return source, target


def _factors(view: NodeView) -> tuple[tuple[int, int], tuple[int, int]]:
    """Multiplier and shift of inputs above and below zero."""
    source, target = (quant.scale for quant in _quants(view))
    alpha = float(np.float32(view.attrs(LeakyReluAttrs).alpha))
    return quantize_multiplier(source / target), quantize_multiplier(source * alpha / target)


def _results(view: NodeView) -> Ints:
    source, target = _quants(view)
    above, below = _factors(view)
    values = all_values(DType.INT8) - source.zero_point
    scaled = np.where(values >= 0, requantize(values, *above), requantize(values, *below))
    return np.clip(scaled + target.zero_point, -128, 127)


def _params_s16(view: NodeView) -> Params:
    source, target = _quants(view)
    above, below = _factors(view)
    return (
        ("count", view.output().elements),
        ("in_zero_point", source.zero_point),
        ("multiplier", above[0]),
        ("shift", above[1]),
        ("alpha_multiplier", below[0]),
        ("alpha_shift", below[1]),
        ("zero_point", target.zero_point),
    )


def _params_f32(view: NodeView) -> Params:
    return (("count", view.output().elements), ("alpha", view.attrs(LeakyReluAttrs).alpha))


class LeakyRelu(UnaryOperator):
    name = "LEAKY_RELU"
    attrs_type = LeakyReluAttrs
    options = Options("LeakyReluOptions")
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    limits = "alpha not negative where quantized"
    variants = (
        lookup_variant(_results),
        called(
            "tc_s16_leaky_relu__c",
            "tc_leaky_relu_params",
            _params_s16,
            accepts=takes(DType.INT16),
            overlap=in_place,
        ),
        called(
            "tc_f32_leaky_relu__c",
            "tc_f32_leaky_relu_params",
            _params_f32,
            accepts=takes(DType.FLOAT32),
            overlap=in_place,
        ),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        alpha = view.attrs(LeakyReluAttrs).alpha
        if not np.isfinite(alpha):
            raise refuse(view, "alpha", found=alpha, allowed="a finite number")
        if view.output().dtype is DType.FLOAT32:
            return
        for tensor in (view.input(0), view.output()):
            _checks.quantization(view, tensor)
        if alpha < 0:
            raise refuse(view, "alpha", found=alpha, allowed="0 or more")
        for _, shift in _factors(view):
            _checks.shift(view, shift)


OPERATOR = LeakyRelu()
