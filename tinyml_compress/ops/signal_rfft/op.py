"""SignalRfft: the spectrum of frames of real values, shorter frames followed by zeros."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops._fft import NAMES, Fft, fft_attrs, fft_params, fft_tables
from tinyml_compress.ops.base import Call, In, Out, Variant


def _variant(dtype: DType) -> Variant:
    symbol = f"tc_{NAMES[dtype]}_rfft__c"

    def emit(view: NodeView) -> tuple[Call, ...]:
        tables = fft_tables(view, inverse=False)
        return (Call(symbol, "tc_fft_params", fft_params(view, inverse=False), (In(0), Out()), tables),)

    return Variant(symbol, lambda view: view.input(0).dtype is dtype, emit)


class SignalRfft(Fft):
    name = "SignalRfft"
    variants = tuple(_variant(dtype) for dtype in NAMES)

    def check(self, view: NodeView) -> None:
        self.check_sides(view)
        length = fft_attrs(view).length
        self.bounded(view, "values of a frame", view.input(0).shape[-1], 1, length)
        self.bounded(view, "values of a spectrum", view.output().shape[-1], length + 2, length + 2)


OPERATOR = SignalRfft()
