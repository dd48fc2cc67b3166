"""GREATER_EQUAL: a comparison with broadcasting."""

from __future__ import annotations

from tinyml_compress.ops._compare import CompareOperator, Truth
from tinyml_compress.ops.base import Options


class GreaterEqual(CompareOperator):
    name = "GREATER_EQUAL"
    options = Options("GreaterEqualOptions")
    truth = Truth(less=False, equal=True, greater=True)


OPERATOR = GreaterEqual()
