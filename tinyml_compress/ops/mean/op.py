"""MEAN over axes."""

from __future__ import annotations

from tinyml_compress.ops._meansum import MeanSumOperator, meansum_variants


class Mean(MeanSumOperator):
    name = "MEAN"
    mean = True


OPERATOR = Mean()
Mean.variants = meansum_variants(OPERATOR)
