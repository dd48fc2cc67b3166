"""QUANTIZE: float to stored values, or from one quantization to another."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import copy_call
from tinyml_compress.ops._unary import (
    UnaryOperator,
    full_range,
    in_place,
    rescale_factor,
    rescale_variants,
    rescaled_range,
)
from tinyml_compress.ops.base import Call, In, Options, Out, Variant
from tinyml_compress.ops.rows import NAMES, Params, called
from tinyml_compress.ops.structs import floats, ints, struct
from tinyml_compress.ops.traits import Carried, Range

STRUCTS = (struct("tc_quantize_params", ints("count"), floats("scale"), ints("zero_point")),)

_PAIRS: dict[DType, tuple[DType, ...]] = {
    DType.FLOAT32: (DType.INT8, DType.INT16),
    DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
    DType.UINT8: (DType.INT8,),
    DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
    DType.INT32: (DType.INT8, DType.INT16),
}


def _params(view: NodeView) -> Params:
    quant = view.output_quant()
    return (("count", view.output().elements), ("scale", quant.scale), ("zero_point", quant.zero_point))


def _from_float(dtype: DType) -> Variant:
    def accepts(view: NodeView) -> bool:
        return view.input(0).dtype is DType.FLOAT32 and view.output().dtype is dtype

    symbol = f"tc_f32_quantize_{NAMES[dtype]}__c"
    return called(symbol, "tc_quantize_params", _params, accepts=accepts, overlap=in_place)


class Quantize(UnaryOperator):
    name = "QUANTIZE"
    values = Carried.CAST
    options = Options("QuantizeOptions")
    dtypes = ("float32", "int8", "uint8", "int16", "int32")
    limits = "; ".join(
        f"{source.value} to {', '.join(target.value for target in targets)}"
        for source, targets in _PAIRS.items()
    )
    variants = (
        _from_float(DType.INT8),
        _from_float(DType.INT16),
        *rescale_variants(full_range, tuple(source for source in _PAIRS if source is not DType.FLOAT32)),
    )

    def output_range(self, view: NodeView, given: Mapping[int, Range]) -> Range | None:
        return rescaled_range(view, given[0], full_range)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        source, target = view.input(0), view.output()
        is_same = (source.dtype, source.quant) == (target.dtype, target.quant)
        return (copy_call(target.nbytes, In(0), Out()),) if is_same else ()

    def constant_output(self, view: NodeView) -> npt.NDArray[np.generic] | None:
        # From float only: the kernel divides in float32 and rounds ties away from zero.
        source, out, quant = view.input(0), view.output(), view.output_quant()
        if source.dtype is not DType.FLOAT32 or out.dtype not in _PAIRS[DType.FLOAT32] or quant.per_channel:
            return None
        with np.errstate(all="ignore"):
            ratio = np.divide(source.constant.astype(np.float32), np.float32(quant.scale)).astype(np.float64)
        if not bool(np.abs(ratio).max(initial=0.0) < math.ldexp(1.0, 30)):
            return None
        rounded = np.copysign(np.floor(np.abs(ratio) + 0.5), ratio) + quant.zero_point
        stored: npt.NDArray[np.generic] = np.clip(rounded, *full_range(view)).astype(out.dtype.numpy)
        return stored

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        source = _checks.dtypes(view, view.input(0), tuple(_PAIRS))
        _checks.dtypes(view, view.output(), _PAIRS[source], f"the output for {source.value} input")
        self.check_shapes(view)
        _checks.quantization(view, view.output())
        if source is not DType.FLOAT32:
            _checks.quantization(view, view.input(0))
            _checks.shift(view, rescale_factor(view)[1])


OPERATOR = Quantize()
