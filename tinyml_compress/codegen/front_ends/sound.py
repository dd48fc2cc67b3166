"""Log-mel features and MFCC."""

from __future__ import annotations

import numpy as np

from tinyml_compress.codegen.front_ends.kind import FrameField, FrontEndKind, Tables
from tinyml_compress.codegen.literals import int_literal
from tinyml_compress.frontends.numbers import emphasis_of, numbers_of
from tinyml_compress.frontends.preprocessing import AudioForm
from tinyml_compress.frontends.sound import LOG_TABLE
from tinyml_compress.ir import DType

_STAGES = ("window", "transform", "bands", "features")


class _Sound(FrontEndKind[AudioForm]):
    kinds = ("log-mel", "mfcc")
    header = "tc_sound.h"

    def templates(self, form: AudioForm) -> tuple[str, ...]:
        return ("clean.c", "sound.c") if form.is_cleaned else ("sound.c",)

    def stages(self, form: AudioForm) -> tuple[str, ...]:
        return ("clean", *_STAGES) if form.is_cleaned else _STAGES

    def fields(self, form: AudioForm) -> tuple[FrameField, ...]:
        fields = (FrameField("points", DType.INT32, form.fft), FrameField("left", DType.INT32, 0))
        return (*fields, FrameField("gone", DType.INT32, 0)) if form.is_cleaned else fields

    def small_fields(self, form: AudioForm) -> tuple[FrameField, ...]:
        logs = FrameField("logs", DType.INT16, form.mel_bands + form.mel_bands % 2)
        # a frame shares samples with the next one, and is not cleaned in its place
        return (FrameField("cleaned", DType.INT16, form.window), logs) if form.is_cleaned else (logs,)

    def facts(self, form: AudioForm) -> dict[str, str]:
        padded = f"frame->logs[{form.mel_bands}] = 0;" if form.mel_bands % 2 else ""
        clean = "frame->cleaned" if form.is_cleaned else "frame->samples"
        return {
            "padded": padded,
            "cleaned": clean,
            "gone": "frame->gone" if form.is_cleaned else "0",
            "dc": str(int(form.remove_dc)),
            "emphasis": str(emphasis_of(form)),
        }

    def params(self, tables: Tables, form: AudioForm) -> str:
        return sound_params(tables, form)


def sound_params(tables: Tables, form: AudioForm) -> str:
    """The struct of constants of a transform and its bands."""
    numbers = numbers_of(form)
    coefficients = len(numbers.cosines)
    circle = (numbers.circle[:, 0] & 0xFFFF) | (numbers.circle[:, 1] & 0xFFFF) << 16
    rows = np.pad(numbers.cosines, ((0, 0), (0, form.mel_bands % 2)))
    whole = (form.window, numbers.log_points, numbers.shift, numbers.energy_bits, form.mel_bands)
    values = (
        *map(int_literal, (*whole, coefficients, numbers.cosine_bits, numbers.floor)),
        tables.add("hann", "int16_t", "int16", numbers.window),
        tables.add("circle", "uint32_t", "uint32", circle),
        tables.add("starts", "int32_t", "int32", numbers.starts),
        tables.add("rising", "int16_t", "int16", numbers.rising),
        tables.add("cosines", "int16_t", "int16", rows),
        tables.add("logs", "uint16_t", "uint16", LOG_TABLE),
    )
    return f"static const tc_sound_params {tables.prefix}_p0 = {{{', '.join(values)}}};\n"


KIND = _Sound()
