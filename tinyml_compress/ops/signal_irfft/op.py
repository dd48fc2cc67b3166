"""SignalIrfft: frames of real values from their spectra."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops._fft import NAMES, Fft, fft_attrs, fft_params, fft_tables
from tinyml_compress.ops.base import Call, In, Out, Scratch, Variant


def _variant(dtype: DType) -> Variant:
    symbol = f"tc_{NAMES[dtype]}_irfft__c"

    def emit(view: NodeView) -> tuple[Call, ...]:
        tables = fft_tables(view, inverse=True)
        return (
            Call(symbol, "tc_fft_params", fft_params(view, inverse=True), (In(0), Scratch(), Out()), tables),
        )

    def scratch(view: NodeView) -> int:
        return fft_attrs(view).length * dtype.itemsize

    return Variant(symbol, lambda view: view.input(0).dtype is dtype, emit, scratch=scratch)


class SignalIrfft(Fft):
    name = "SignalIrfft"
    variants = tuple(_variant(dtype) for dtype in NAMES)

    def check(self, view: NodeView) -> None:
        self.check_sides(view)
        length = fft_attrs(view).length
        self.bounded(view, "values of a spectrum", view.input(0).shape[-1], length + 2, length + 2)
        self.bounded(view, "values of a frame", view.output().shape[-1], length, length)


OPERATOR = SignalIrfft()
