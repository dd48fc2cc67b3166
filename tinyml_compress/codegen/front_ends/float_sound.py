"""Log-mel features and MFCC in floats of 32 bits, for cores that have them."""

from __future__ import annotations

import numpy as np

from tinyml_compress.codegen.front_ends.kind import FrameField, FrontEndKind, Tables
from tinyml_compress.codegen.literals import float_literal
from tinyml_compress.frontends.numbers import FLOOR, cosines, hann, numbers_of, rising_parts
from tinyml_compress.frontends.preprocessing import AudioForm, Features, Preprocessing
from tinyml_compress.ir import DType, Port
from tinyml_compress.ops.numerics import dtype_range

_LOUDEST = 32768
"""Samples are parts of it."""


class _FloatSound(FrontEndKind[AudioForm]):
    kinds = ("float log-mel", "float mfcc")
    header = "tc_sound_float.h"

    def templates(self, form: AudioForm) -> tuple[str, ...]:
        return ("float_sound.c",)

    def stages(self, form: AudioForm) -> tuple[str, ...]:
        return ("window", "transform", "bands", "features")

    def fields(self, form: AudioForm) -> tuple[FrameField, ...]:
        return (
            FrameField("points", DType.FLOAT32, form.fft),
            FrameField("logs", DType.FLOAT32, form.mel_bands),
        )

    def params(self, tables: Tables, form: AudioForm) -> str:
        numbers = numbers_of(form)
        is_mfcc = form.features is Features.MFCC
        rows = cosines(form.mel_bands, form.coefficients).T if is_mfcc else np.zeros(0)
        angles = 2 * np.pi * np.arange(max(3 * form.fft // 4, 1)) / form.fft
        circle = np.stack([np.cos(angles), np.sin(angles)], axis=1).reshape(-1)
        values = (
            *map(str, (form.window, numbers.log_points, form.mel_bands, form.coefficients if is_mfcc else 0)),
            str(int(form.remove_dc)),
            *map(float_literal, (form.pre_emphasis, FLOOR)),
            tables.add("hann", "float", "float32", hann(form.window) / _LOUDEST),
            tables.add("circle", "float", "float32", circle),
            tables.add("starts", "int32_t", "int32", numbers.starts),
            tables.add("rising", "float", "float32", rising_parts(form)),
            tables.add("cosines", "float", "float32", rows.reshape(-1)),
        )
        return f"static const tc_float_sound_params {tables.prefix}_p0 = {{{', '.join(values)}}};\n"

    def inputs(self, tables: Tables, done: Preprocessing, form: AudioForm, port: Port) -> str:
        assert port.quant is not None
        mean, std = np.broadcast_arrays(np.asarray(done.mean, np.float64), np.asarray(done.std, np.float64))
        steps = 1 / (std * float(np.float32(port.quant.scale)))
        low, high = dtype_range(port.dtype)
        values = (
            str(mean.size),
            *map(float_literal, (low, high)),
            tables.add("multipliers", "float", "float32", done.scale * steps),
            tables.add("offsets", "float", "float32", port.quant.zero_point - mean * steps),
        )
        return f"static const tc_float_input_params {tables.prefix}_p1 = {{{', '.join(values)}}};\n"


KIND = _FloatSound()
