"""SignalRfft: the spectrum of frames of real values, shorter frames followed by zeros."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._fft import Fft, fft_attrs, fft_variants
from tinyml_compress.ops.base import In, Out


class SignalRfft(Fft):
    name = "SignalRfft"
    variants = fft_variants("tc_{}_rfft__c", (In(0), Out()), inverse=False)

    def check(self, view: NodeView) -> None:
        self.check_sides(view)
        length = fft_attrs(view).length
        self.bounded(view, "values of a frame", view.input(0).shape[-1], 1, length)
        self.bounded(view, "values of a spectrum", view.output().shape[-1], length + 2, length + 2)


OPERATOR = SignalRfft()
