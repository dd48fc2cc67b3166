"""EQUAL: a comparison with broadcasting."""

from __future__ import annotations

from tinyml_compress.ir import DType
from tinyml_compress.ops._compare import CompareOperator, Truth
from tinyml_compress.ops.base import Options


class Equal(CompareOperator):
    name = "EQUAL"
    options = Options("EqualOptions")
    truth = Truth(less=False, equal=True, greater=False)
    types = (*CompareOperator.types, DType.BOOL)


OPERATOR = Equal()
