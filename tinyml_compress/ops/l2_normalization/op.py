"""L2_NORMALIZATION: each vector along the last axis divided by its length."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import UnaryOperator, in_place
from tinyml_compress.ops.base import Call, In, Options, Out, Variant, refuse
from tinyml_compress.ops.numerics import Activation, Fused
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct("tc_l2_normalization_params", ints("vectors depth"), ints("zero_point", note="of the input")),
)


@dataclass(frozen=True)
class L2NormalizationAttrs(Fused):
    """Attributes of L2_NORMALIZATION."""

    activation: Activation = Activation.NONE


def _emit_s8(view: NodeView) -> tuple[Call, ...]:
    source = view.input(0)
    params = (
        ("vectors", source.elements // source.shape[-1]),
        ("depth", source.shape[-1]),
        ("zero_point", source.quantized.zero_point),
    )
    return (Call("tc_s8_l2_normalization__c", "tc_l2_normalization_params", params, (In(0), Out())),)


def _emit_f32(view: NodeView) -> tuple[Call, ...]:
    source = view.input(0)
    params = (
        ("vectors", source.elements // source.shape[-1]),
        ("depth", source.shape[-1]),
        ("zero_point", 0),
    )
    return (Call("tc_f32_l2_normalization__c", "tc_l2_normalization_params", params, (In(0), Out())),)


class L2Normalization(UnaryOperator):
    name = "L2_NORMALIZATION"
    elementwise = False
    attrs_type = L2NormalizationAttrs
    options = Options("L2NormOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "rank up to 4, no fused activation; int8 output of scale 1/128 and zero point 0"
    variants = (
        Variant(
            "tc_s8_l2_normalization__c",
            lambda view: view.input(0).dtype is DType.INT8,
            _emit_s8,
            overlap=in_place,
        ),
        Variant(
            "tc_f32_l2_normalization__c",
            lambda view: view.input(0).dtype is DType.FLOAT32,
            _emit_f32,
            overlap=in_place,
        ),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        _checks.full_rank(view, view.input(0), 4, 1)
        activation = view.attrs(L2NormalizationAttrs).activation
        if activation is not Activation.NONE:
            raise refuse(view, "fused activation", found=activation.name, allowed="NONE")
        if view.input(0).elements == 0:
            raise refuse(view, "empty input", found=view.input(0).shape, allowed="at least one element")
        if view.output().dtype is DType.INT8:
            _checks.quantization(view, view.input(0))
            out = _checks.quantization(view, view.output())
            if (out.scale, out.zero_point) != (1.0 / 128.0, 0):
                raise refuse(
                    view,
                    "quantization of the output",
                    found=f"{out.scale}, {out.zero_point}",
                    allowed="1/128 and 0",
                )
            if view.input(0).shape[-1] > 1 << 15:
                raise refuse(view, "length of a vector", found=view.input(0).shape[-1], allowed="up to 32768")


OPERATOR = L2Normalization()
