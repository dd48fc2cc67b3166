"""CEIL, element by element."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._unary import UnaryOperator, count_variant


class Ceil(UnaryOperator):
    name = "CEIL"
    types = (DType.FLOAT32,)
    variants = (count_variant("tc_f32_ceil__c", DType.FLOAT32),)


OPERATOR = Ceil()
