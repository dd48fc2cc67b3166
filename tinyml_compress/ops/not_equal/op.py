"""NOT_EQUAL: a comparison with broadcasting."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._compare import CompareOperator, Truth
from tinyml_compress.ops.base import Options


class NotEqual(CompareOperator):
    name = "NOT_EQUAL"
    options = Options("NotEqualOptions")
    truth = Truth(less=True, equal=False, greater=True, unordered=True)
    types = (*CompareOperator.types, DType.BOOL)


OPERATOR = NotEqual()
