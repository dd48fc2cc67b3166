"""LESS_EQUAL: a comparison with broadcasting."""

from __future__ import annotations

from tinyml_compress.ops._compare import CompareOperator, Truth
from tinyml_compress.ops.base import Options


class LessEqual(CompareOperator):
    name = "LESS_EQUAL"
    options = Options("LessEqualOptions")
    truth = Truth(less=True, equal=True, greater=False)


OPERATOR = LessEqual()
