"""MINIMUM of two tensors with broadcasting."""

from __future__ import annotations

from tinyml_compress.ops._minmax import MinMaxOperator, minmax_variants


class Minimum(MinMaxOperator):
    name = "MINIMUM"
    variants = minmax_variants(larger=False)


OPERATOR = Minimum()
