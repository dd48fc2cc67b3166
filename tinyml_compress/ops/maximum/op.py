"""MAXIMUM of two tensors with broadcasting."""

from __future__ import annotations

from tinyml_compress.ops._minmax import MinMaxOperator, minmax_variants

__all__ = ["OPERATOR", "Maximum"]


class Maximum(MinMaxOperator):
    name = "MAXIMUM"
    variants = minmax_variants(larger=True)


OPERATOR = Maximum()
