"""CUMSUM: running sums along an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Call, In, Operator, Options, Out, Variant, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_cumsum_params",
        ints("before", note="product of the sizes in front of the axis"),
        ints("size", note="of the axis"),
        ints("after", note="product of the sizes behind it"),
        ints("exclusive reverse in_zero_point multiplier shift zero_point"),
    ),
)


@dataclass(frozen=True)
class CumsumAttrs(Attrs):
    """Attributes of CUMSUM; the axis is the second input."""

    exclusive: bool = False
    reverse: bool = False


def _factor(view: NodeView) -> float:
    source, target = view.quant(0), view.output_quant()
    return 2.0 * source.scale / ((1 << 20) * target.scale)


def _emit(view: NodeView) -> tuple[Call, ...]:
    attrs, shape = view.attrs(CumsumAttrs), view.input(0).shape
    (given,) = _checks.constant_ints(view, 1, "the axis")
    axis = given % len(shape)
    source, target = view.input(0).quant, view.output().quant
    quantized = view.output().dtype is DType.INT8
    multiplier, shift = quantize_multiplier(_factor(view)) if quantized else (0, 0)
    params = (
        ("before", math.prod(shape[:axis])),
        ("size", shape[axis]),
        ("after", math.prod(shape[axis + 1 :])),
        ("exclusive", int(attrs.exclusive)),
        ("reverse", int(attrs.reverse)),
        ("in_zero_point", source.zero_point if quantized and source is not None else 0),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", target.zero_point if quantized and target is not None else 0),
    )
    symbol = "tc_s8_cumsum__c" if quantized else "tc_f32_cumsum__c"
    return (Call(symbol, "tc_cumsum_params", params, (In(0), Out())),)


class Cumsum(Operator):
    name = "CUMSUM"
    tflm_method = "AddCumSum"
    attrs_type = CumsumAttrs
    options = Options("CumsumOptions")
    dtypes = ("int8", "float32")
    limits = "axis constant"
    variants = (
        Variant("tc_s8_cumsum__c", lambda view: view.output().dtype is DType.INT8, _emit),
        Variant("tc_f32_cumsum__c", lambda view: view.output().dtype is DType.FLOAT32, _emit),
    )

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        dtype = _checks.dtypes(view, view.input(0), (DType.INT8, DType.FLOAT32))
        _checks.dtypes(view, view.output(), (dtype,))
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the axis")
        rank = _checks.full_rank(view, view.input(0), 6, 1)
        axes = _checks.constant_ints(view, 1, "the axis")
        if len(axes) != 1:
            raise refuse(view, "number of axes", found=len(axes), allowed=1)
        _checks.normal_axis(view, axes[0], rank)
        if dtype is DType.INT8:
            for tensor in (view.input(0), view.output()):
                _checks.quantization(view, tensor)
            if not 0.0 < _factor(view) < 1.0 or quantize_multiplier(_factor(view))[1] > 0:
                raise _checks.collapsed(
                    view,
                    "its output",
                    found=f"scale ratio {_factor(view):g}",
                    allowed="above 0 and below 1",
                )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (view.input(0).shape,)


OPERATOR = Cumsum()
