"""AVERAGE_POOL_2D."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops._pool import Pool, PoolAttrs, pool_variants, pool_window
from tinyml_compress.ops._products import clamp_bounds
from tinyml_compress.ops.base import Call, Out
from tinyml_compress.ops.rows import NAMES
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_mean_of_sums", ints("channels count act_min act_max")),)


class AveragePool2D(Pool):
    name = "AVERAGE_POOL_2D"
    variants = pool_variants("average_pool_2d")

    def of_sums(self, view: NodeView) -> Call | None:
        window, given, output = pool_window(view), view.input(0), view.output()
        below = window.kernel_h - window.pad_top, window.kernel_w - window.pad_left
        is_whole = below[0] >= window.in_h and below[1] >= window.in_w
        if not is_whole or output.elements != window.in_c or given.dtype is DType.FLOAT32:
            return None
        low, high = clamp_bounds(view.attrs(PoolAttrs).activation, output)
        count = window.in_h * window.in_w
        params = ("channels", window.in_c), ("count", count), ("act_min", low), ("act_max", high)
        kernel = f"tc_{NAMES[given.dtype]}_mean_of_sums__c"
        return Call(kernel, "tc_mean_of_sums", params, (Out(0), Out(1)))


OPERATOR = AveragePool2D()
