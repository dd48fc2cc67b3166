"""SUM over axes."""

from __future__ import annotations

from tinyml_compress.ops._meansum import MeanSumOperator, meansum_variants


class Sum(MeanSumOperator):
    name = "SUM"
    mean = False


OPERATOR = Sum()
Sum.variants = meansum_variants(OPERATOR)
