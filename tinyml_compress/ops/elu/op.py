"""ELU: x above zero, exp(x) - 1 below."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import Floats, UnaryOperator, count_variant, lookup_variant, through_float


def _function(x: Floats) -> Floats:
    below = np.minimum(x, 0).astype(np.float64)
    return np.where(x < 0, np.exp(below).astype(np.float32) - np.float32(1), x)


class Elu(UnaryOperator):
    name = "ELU"
    types = (DType.INT8, DType.FLOAT32)
    limits = "float within one ulp"
    variants = (
        lookup_variant(lambda view: through_float(view, _function)),
        count_variant("tc_f32_elu__c", DType.FLOAT32),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is DType.FLOAT32:
            return
        source, target = (_checks.quantization(view, tensor) for tensor in (view.input(0), view.output()))
        _checks.steps_fit(view, source, target)


OPERATOR = Elu()
