"""AVERAGE_POOL_2D."""

from __future__ import annotations

from tinyml_compress.ops._pool import Pool, pool_variants


class AveragePool2D(Pool):
    name = "AVERAGE_POOL_2D"
    variants = pool_variants("average_pool_2d")


OPERATOR = AveragePool2D()
