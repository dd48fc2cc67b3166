"""LESS: a comparison with broadcasting."""

from __future__ import annotations

from tinyml_compress.ops._compare import CompareOperator, Truth
from tinyml_compress.ops.base import Options


class Less(CompareOperator):
    name = "LESS"
    options = Options("LessOptions")
    truth = Truth(less=True, equal=False, greater=False)


OPERATOR = Less()
