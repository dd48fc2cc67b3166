"""MAX_POOL_2D."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._pool import Pool, PoolAttrs, pool_variants, pool_window
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.numerics import Padding


class MaxPool2D(Pool):
    name = "MAX_POOL_2D"
    variants = pool_variants("max_pool_2d")

    def along(self, view: NodeView, axis: int) -> Along | None:
        bare = replace(view.attrs(PoolAttrs), padding=Padding.VALID)
        return pool_window(view).along(axis, bare, lowest=True)


OPERATOR = MaxPool2D()
