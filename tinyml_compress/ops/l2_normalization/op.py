"""L2_NORMALIZATION: each vector along the last axis divided by its length."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import UnaryOperator, in_place
from tinyml_compress.ops.base import Options, refuse
from tinyml_compress.ops.numerics import Activation, Fused
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct("tc_l2_normalization_params", ints("vectors depth"), ints("zero_point", note="of the input")),
)


@dataclass(frozen=True)
class L2NormalizationAttrs(Fused):
    activation: Activation = Activation.NONE


def _params(view: NodeView) -> Params:
    source = view.input(0)
    zero_point = source.quantized.zero_point if source.dtype is DType.INT8 else 0
    depth = source.shape[-1]
    return (("vectors", source.elements // depth), ("depth", depth), ("zero_point", zero_point))


class L2Normalization(UnaryOperator):
    name = "L2_NORMALIZATION"
    elementwise = False
    attrs_type = L2NormalizationAttrs
    options = Options("L2NormOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "rank up to 4, no fused activation; int8 output of scale 1/128 and zero point 0"
    variants = each_type(
        "tc_{}_l2_normalization__c", types, "tc_l2_normalization_params", _params, overlap=in_place
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        _checks.full_rank(view, view.input(0), 4, 1)
        _checks.no_activation(view)
        _checks.not_empty(view, view.input(0))
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
