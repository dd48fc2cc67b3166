"""REDUCE_MIN over axes."""

from __future__ import annotations

from tinyml_compress.ops._extremes import ExtremeOperator


class ReduceMin(ExtremeOperator):
    name = "REDUCE_MIN"
    larger = False


OPERATOR = ReduceMin()
