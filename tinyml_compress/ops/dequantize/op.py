"""DEQUANTIZE: stored values to float."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import UnaryOperator, in_place
from tinyml_compress.ops.base import Options
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import floats, ints, struct
from tinyml_compress.ops.traits import Carried

STRUCTS = (struct("tc_dequantize_params", ints("count"), floats("scale"), ints("zero_point")),)


def _params(view: NodeView) -> Params:
    quant = view.quant(0)
    return (("count", view.output().elements), ("scale", quant.scale), ("zero_point", quant.zero_point))


class Dequantize(UnaryOperator):
    name = "DEQUANTIZE"
    values = Carried.CAST
    options = Options("DequantizeOptions")
    types = (DType.INT8, DType.UINT8, DType.INT16)
    limits = "to float32"
    variants = each_type("tc_{}_dequantize__c", types, "tc_dequantize_params", _params, overlap=in_place)

    def constant_output(self, view: NodeView) -> npt.NDArray[np.generic] | None:
        # The kernel multiplies in double, by the scale that float32 holds, and rounds once.
        quant = view.quant(0)
        if quant.per_channel:
            return None
        real = quant.scale * (view.input(0).constant.astype(np.float64) - quant.zero_point)
        if np.abs(real).max(initial=0.0) > np.finfo(np.float32).max:
            return None
        return real.astype(np.float32)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        _checks.dtypes(view, view.input(0), self.types)
        _checks.dtypes(view, view.output(), (DType.FLOAT32,))
        self.check_shapes(view)
        _checks.quantization(view, view.input(0))


OPERATOR = Dequantize()
