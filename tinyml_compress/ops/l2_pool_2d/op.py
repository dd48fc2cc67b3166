"""L2_POOL_2D: the root of the mean of the squares under a window. TensorFlow Lite Micro has it in
float only.
"""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._pool import Pool, pool_variants


class L2Pool2D(Pool):
    name = "L2_POOL_2D"
    dtypes = ("float32",)
    variants = pool_variants("l2_pool_2d", (DType.FLOAT32,))

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        _checks.dtypes(view, view.input(0), (DType.FLOAT32,))
        super().check(view)


OPERATOR = L2Pool2D()
