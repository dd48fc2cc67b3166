"""LOG, element by element."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._unary import UnaryOperator, count_variant


class Log(UnaryOperator):
    name = "LOG"
    types = (DType.FLOAT32,)
    limits = "within one unit in the last place"
    variants = (count_variant("tc_f32_log__c", DType.FLOAT32),)


OPERATOR = Log()
