"""ABS: absolute value."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import Ints, requantize
from tinyml_compress.ops._unary import UnaryOperator, all_values, count_variant, lookup_variant, rescale_factor
from tinyml_compress.ops.base import Options

__all__ = ["OPERATOR", "Abs"]


def _results(view: NodeView) -> Ints:
    source, target = view.input(0).quant, view.output().quant
    assert source is not None
    assert target is not None
    values = np.abs(all_values(DType.INT8) - source.zero_point)
    if source.scale != target.scale:
        values = requantize(values, *rescale_factor(view))
    found: Ints = np.clip(values + target.zero_point, -128, 127)
    return found


class Abs(UnaryOperator):
    name = "ABS"
    attrs_type = Attrs
    options = Options("AbsOptions")
    dtypes = ("int8", "float32")
    types = (DType.INT8, DType.FLOAT32)
    variants = (lookup_variant(_results), count_variant("tc_f32_abs__c", DType.FLOAT32))

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is DType.INT8:
            for tensor in (view.input(0), view.output()):
                _checks.quantization(self, view, tensor)
            _checks.shift(self, view, rescale_factor(view)[1])


OPERATOR = Abs()
