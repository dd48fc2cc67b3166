"""REDUCE_MAX over axes."""

from __future__ import annotations

from tinyml_compress.ops._extremes import ExtremeOperator


class ReduceMax(ExtremeOperator):
    name = "REDUCE_MAX"
    larger = True


OPERATOR = ReduceMax()
