"""The micro front end of TensorFlow Lite Micro, by the kernels of its operators."""

from __future__ import annotations

import numpy as np

from tinyml_compress.codegen.front_ends.kind import FrameField, FrontEndKind, Tables
from tinyml_compress.codegen.literals import int_literal
from tinyml_compress.frontends.micro import (
    BENDS,
    LEAST,
    LOG_SCALE,
    NOISE_BITS,
    SMOOTHING,
    SMOOTHING_BITS,
    WINDOW_BITS,
    micro_numbers,
)
from tinyml_compress.frontends.preprocessing import AudioForm
from tinyml_compress.ir import DType
from tinyml_compress.ops.sources import KernelSource, sources_in
from tinyml_compress.support import resources

_KERNELS = {
    "signal_window": "tc_s16_signal_window__c",
    "signal_fft_auto_scale": "tc_s16_fft_auto_scale__c",
    "signal_rfft": "tc_s16_rfft__c",
    "signal_energy": "tc_s16_signal_energy__c",
    "signal_filter_bank": "tc_u32_filter_bank__c",
    "signal_filter_bank_square_root": "tc_u64_square_root__c",
    "signal_filter_bank_spectral_subtraction": "tc_u32_spectral_subtraction__c",
    "signal_pcan": "tc_u32_pcan__c",
    "signal_filter_bank_log": "tc_u32_filter_bank_log__c",
}
_TABLES = ("window", "weights", "unweights", "starts", "firsts", "widths", "gains")
"""Which the template knows by their numbers."""


class _Micro(FrontEndKind[AudioForm]):
    kinds = ("micro", "micro-single")
    header = "tc_input.h"
    keeps = True

    def kernels(self) -> tuple[KernelSource, ...]:
        ops = resources.package_folder("tinyml_compress.ops")
        return tuple(sources_in(ops / folder)[symbol] for folder, symbol in _KERNELS.items())

    def templates(self, form: AudioForm) -> tuple[str, ...]:
        return ("micro.c",)

    def stages(self, form: AudioForm) -> tuple[str, ...]:
        return ("window", "transform", "bands", "features")

    def fields(self, form: AudioForm) -> tuple[FrameField, ...]:
        bands = form.mel_bands
        return (
            FrameField("sums", DType.UINT64, bands),
            FrameField("bands", DType.UINT32, bands),
            FrameField("noise", DType.UINT32, bands),
            FrameField("energies", DType.UINT32, form.fft // 2 + 1),
            FrameField("left", DType.INT32, 0),
        )

    def small_fields(self, form: AudioForm) -> tuple[FrameField, ...]:
        return (
            FrameField("windowed", DType.INT16, form.window),
            FrameField("spectrum", DType.INT16, form.fft + 2),
            FrameField("logs", DType.INT16, form.mel_bands),
        )

    def params(self, tables: Tables, form: AudioForm) -> str:
        numbers, bands, prefix = micro_numbers(form), form.mel_bands, tables.prefix
        firsts = np.cumsum(numbers.widths) - numbers.widths
        values = (
            numbers.window,
            numbers.weights,
            numbers.unweights,
            numbers.starts,
            firsts,
            numbers.widths,
            numbers.gains,
        )
        for word, data in zip(_TABLES, values, strict=True):
            tables.add(word, "int16_t", "int16", data)
        step, left, stages = 1, form.fft // 2, list[int]()
        for radix in numbers.radices:
            left //= radix
            stages += [radix, step, left]
            step *= radix
        circle, halves = (
            tables.add(word, "int16_t", "int16", data.reshape(-1))
            for word, data in (("circle", numbers.circle), ("halves", numbers.halves))
        )
        rows = tables.add("stages", "int32_t", "int32", np.array(stages))
        bends = tables.add("bends", "uint16_t", "uint16", BENDS)
        one = 1 << NOISE_BITS
        fft = (1, form.window, form.fft + 2, form.fft // 2, 0, len(numbers.radices))
        end, last = numbers.end_bin, form.fft // 2 + 1
        even, odd = SMOOTHING
        structs: tuple[tuple[str, str, tuple[int | tuple[int, ...] | str, ...]], ...] = (
            ("tc_signal_window_params", "window", (1, form.window, WINDOW_BITS)),
            ("tc_count_params", "samples", (form.window,)),
            ("tc_fft_params", "fft", (*fft, rows, circle, halves)),
            ("tc_signal_energy_params", "energy", (numbers.first_bin, end, last)),
            ("tc_filter_bank_params", "bands", (bands,)),
            ("tc_count_params", "count", (bands,)),
            (
                "tc_spectral_subtraction_params",
                "noise",
                (bands, (even, odd), (one - even, one - odd), LEAST, SMOOTHING_BITS, NOISE_BITS, 0),
            ),
            ("tc_pcan_params", "pcan", (bands, numbers.gain_shift)),
            ("tc_filter_bank_log_params", "log", (bands, numbers.correction, LOG_SCALE, bends)),
        )
        return "".join(
            f"static const {ctype} {prefix}_{word}_p = {{{', '.join(map(_literal, row))}}};\n"
            for ctype, word, row in structs
        )


def _literal(value: int | tuple[int, ...] | str) -> str:
    """Of a member of a struct."""
    if isinstance(value, str):
        return value
    return int_literal(value) if isinstance(value, int) else f"{{{', '.join(map(int_literal, value))}}}"


KIND = _Micro()
