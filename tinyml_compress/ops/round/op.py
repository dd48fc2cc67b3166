"""ROUND, element by element."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._unary import UnaryOperator, count_variant


class Round(UnaryOperator):
    name = "ROUND"
    types = (DType.FLOAT32,)
    variants = (count_variant("tc_f32_round__c", DType.FLOAT32),)


OPERATOR = Round()
