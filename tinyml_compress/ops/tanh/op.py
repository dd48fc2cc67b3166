"""TANH: hyperbolic tangent."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops import _fixed_point
from tinyml_compress.ops._sigmoid import SigmoidOperator, int16_variant, table_of
from tinyml_compress.ops._unary import count_variant, lookup_variant


class Tanh(SigmoidOperator):
    name = "TANH"
    limits = "int16 output of scale 1/32768; float within two ulp"
    powers = (0, 1)
    variants = (
        lookup_variant(lambda view: table_of(view, _fixed_point.tanh, 7, 0)),
        int16_variant("tc_s16_tanh__c", powers),
        count_variant("tc_f32_tanh__c", DType.FLOAT32),
    )


OPERATOR = Tanh()
