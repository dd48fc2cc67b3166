"""LOGISTIC: 1 / (1 + exp(-x))."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _fixed_point
from tinyml_compress.ops._sigmoid import SigmoidOperator, int16_variant, table_of
from tinyml_compress.ops._unary import count_variant, lookup_variant
from tinyml_compress.ops.base import refuse

_ZERO_POINT = -128


class Logistic(SigmoidOperator):
    name = "LOGISTIC"
    limits = "int8 output of zero point -128, int16 output of scale 1/32768"
    powers = (0,)
    variants = (
        lookup_variant(lambda view: table_of(view, _fixed_point.logistic, 8, _ZERO_POINT)),
        int16_variant("tc_s16_logistic__c", powers),
        count_variant("tc_f32_logistic__c", DType.FLOAT32),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        quant = view.output().quant
        if view.output().dtype is DType.INT8 and quant is not None and quant.zero_point != _ZERO_POINT:
            raise refuse(view, "zero point of the output", found=quant.zero_point, allowed=_ZERO_POINT)


OPERATOR = Logistic()
