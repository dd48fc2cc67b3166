"""DEQUANTIZE: stored values to float."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import UnaryOperator, in_place
from tinyml_compress.ops.base import Call, In, Options, Out, Variant
from tinyml_compress.ops.structs import floats, ints, struct
from tinyml_compress.ops.traits import Values

STRUCTS = (struct("tc_dequantize_params", ints("count"), floats("scale"), ints("zero_point")),)

_NAMES = {DType.INT8: "s8", DType.UINT8: "u8", DType.INT16: "s16"}


def _variant(dtype: DType) -> Variant:
    symbol = f"tc_{_NAMES[dtype]}_dequantize__c"

    def emit(view: NodeView) -> tuple[Call, ...]:
        quant = view.quant(0)
        params = (("count", view.output().elements), ("scale", quant.scale), ("zero_point", quant.zero_point))
        return (Call(symbol, "tc_dequantize_params", params, (In(0), Out())),)

    return Variant(symbol, lambda view: view.input(0).dtype is dtype, emit, overlap=in_place)


class Dequantize(UnaryOperator):
    name = "DEQUANTIZE"
    values = Values.CAST
    options = Options("DequantizeOptions")
    dtypes = ("int8", "uint8", "int16")
    limits = "to float32"
    variants = tuple(_variant(dtype) for dtype in _NAMES)

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
        _checks.dtypes(view, view.input(0), tuple(_NAMES))
        _checks.dtypes(view, view.output(), (DType.FLOAT32,))
        self.check_shapes(view)
        _checks.quantization(view, view.input(0))


OPERATOR = Dequantize()
