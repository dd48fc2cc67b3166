"""QUANTIZE: float to stored values, or from one quantization to another."""

from __future__ import annotations

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._unary import UnaryOperator, full_range, in_place, rescale_factor, rescale_variants
from tinyml_compress.ops.base import Call, In, Options, Out, Variant

__all__ = ["OPERATOR", "Quantize"]

_PAIRS: dict[DType, tuple[DType, ...]] = {
    DType.FLOAT32: (DType.INT8, DType.INT16),
    DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
    DType.UINT8: (DType.INT8,),
    DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
    DType.INT32: (DType.INT8, DType.INT16),
}
_NAMES = {DType.INT8: "s8", DType.INT16: "s16"}


def _from_float(dtype: DType) -> Variant:
    symbol = f"tc_f32_quantize_{_NAMES[dtype]}__c"

    def emit(view: NodeView) -> tuple[Call, ...]:
        quant = view.output_quant()
        params = (("count", view.output().elements), ("scale", quant.scale), ("zero_point", quant.zero_point))
        return (Call(symbol, "tc_quantize_params", params, (In(0), Out())),)

    def accepts(view: NodeView) -> bool:
        return view.input(0).dtype is DType.FLOAT32 and view.output().dtype is dtype

    return Variant(symbol, accepts, emit, overlap=in_place)


class Quantize(UnaryOperator):
    name = "QUANTIZE"
    attrs_type = Attrs
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
