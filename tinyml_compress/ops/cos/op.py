"""COS, element by element."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._unary import UnaryOperator, count_variant
from tinyml_compress.ops.base import Options


class Cos(UnaryOperator):
    name = "COS"
    options = Options("CosOptions")
    types = (DType.FLOAT32,)
    limits = "within one unit in the last place; angles up to 2^20"
    variants = (count_variant("tc_f32_cos__c", DType.FLOAT32),)


OPERATOR = Cos()
