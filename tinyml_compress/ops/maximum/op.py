"""MAXIMUM of two tensors with broadcasting."""

from __future__ import annotations

from tinyml_compress.ops._minmax import MinMaxOperator, minmax_variants


class Maximum(MinMaxOperator):
    name = "MAXIMUM"
    variants = minmax_variants(larger=True)


OPERATOR = Maximum()
