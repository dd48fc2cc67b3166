"""NEG, element by element."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._unary import UnaryOperator, count_variant
from tinyml_compress.ops.base import Options


class Neg(UnaryOperator):
    name = "NEG"
    options = Options("NegOptions")
    types = (DType.FLOAT32,)
    variants = (count_variant("tc_f32_neg__c", DType.FLOAT32),)


OPERATOR = Neg()
