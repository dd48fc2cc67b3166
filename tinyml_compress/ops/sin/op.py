"""SIN, element by element."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._unary import UnaryOperator, count_variant


class Sin(UnaryOperator):
    name = "SIN"
    types = (DType.FLOAT32,)
    limits = "within one unit in the last place; angles up to 2^20"
    variants = (count_variant("tc_f32_sin__c", DType.FLOAT32),)


OPERATOR = Sin()
