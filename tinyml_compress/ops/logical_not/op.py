"""LOGICAL_NOT, element by element."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._unary import UnaryOperator, count_variant
from tinyml_compress.ops.base import Options


class LogicalNot(UnaryOperator):
    name = "LOGICAL_NOT"
    options = Options("LogicalNotOptions")
    types = (DType.BOOL,)
    variants = (count_variant("tc_u8_logical_not__c", DType.BOOL),)


OPERATOR = LogicalNot()
