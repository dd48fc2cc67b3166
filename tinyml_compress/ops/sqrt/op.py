"""SQRT, element by element."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._unary import UnaryOperator, count_variant


class Sqrt(UnaryOperator):
    name = "SQRT"
    types = (DType.FLOAT32,)
    variants = (count_variant("tc_f32_sqrt__c", DType.FLOAT32),)


OPERATOR = Sqrt()
