"""SignalIrfft: frames of real values from their spectra."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._fft import Fft, fft_attrs, fft_variants
from tinyml_compress.ops.base import In, Out, Scratch


def _scratch(view: NodeView) -> int:
    return fft_attrs(view).length * view.input(0).dtype.itemsize


class SignalIrfft(Fft):
    name = "SignalIrfft"
    variants = tuple(
        replace(row, scratch=_scratch)
        for row in fft_variants("tc_{}_irfft__c", (In(0), Scratch(), Out()), inverse=True)
    )

    def check(self, view: NodeView) -> None:
        self.check_sides(view)
        length = fft_attrs(view).length
        self.bounded(view, "values of a spectrum", view.input(0).shape[-1], length + 2, length + 2)
        self.bounded(view, "values of a frame", view.output().shape[-1], length, length)


OPERATOR = SignalIrfft()
