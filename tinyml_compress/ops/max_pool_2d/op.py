"""MAX_POOL_2D."""

from __future__ import annotations

from tinyml_compress.ops._pool import Pool, PoolAttrs, pool_variants

__all__ = ["OPERATOR", "PoolAttrs"]


class MaxPool2D(Pool):
    name = "MAX_POOL_2D"
    variants = pool_variants("max_pool_2d")


OPERATOR = MaxPool2D()
