"""GREATER: a comparison with broadcasting."""

from __future__ import annotations

from tinyml_compress.ops._compare import CompareOperator, Truth
from tinyml_compress.ops.base import Options


class Greater(CompareOperator):
    name = "GREATER"
    options = Options("GreaterOptions")
    truth = Truth(less=False, equal=False, greater=True)


OPERATOR = Greater()
