"""Log-mel features and MFCC."""

from __future__ import annotations

import numpy as np

from tinyml_compress.codegen.front_ends.kind import FrameField, FrontEndKind, Tables
from tinyml_compress.codegen.literals import int_literal
from tinyml_compress.frontends.numbers import emphasis_of, numbers_of
from tinyml_compress.frontends.preprocessing import AudioForm, Features
from tinyml_compress.frontends.sound import LOG_TABLE
from tinyml_compress.ir import DType

_STAGES = ("window", "transform", "bands", "features")


class _Sound(FrontEndKind):
    features = (Features.LOG_MEL, Features.MFCC)
    header = "tc_sound.h"

    def templates(self, audio: AudioForm) -> tuple[str, ...]:
        return ("clean.c", "sound.c") if audio.is_cleaned else ("sound.c",)

    def stages(self, audio: AudioForm) -> tuple[str, ...]:
        return ("clean", *_STAGES) if audio.is_cleaned else _STAGES

    def fields(self, audio: AudioForm) -> tuple[FrameField, ...]:
        fields = (FrameField("points", DType.INT32, audio.fft), FrameField("left", DType.INT32, 0))
        return (*fields, FrameField("gone", DType.INT32, 0)) if audio.is_cleaned else fields

    def small_fields(self, audio: AudioForm) -> tuple[FrameField, ...]:
        logs = FrameField("logs", DType.INT16, audio.mel_bands + audio.mel_bands % 2)
        # a frame shares samples with the next one, and is not cleaned in its place
        return (FrameField("cleaned", DType.INT16, audio.window), logs) if audio.is_cleaned else (logs,)

    def facts(self, audio: AudioForm) -> dict[str, str]:
        padded = f"frame->logs[{audio.mel_bands}] = 0;" if audio.mel_bands % 2 else ""
        clean = "frame->cleaned" if audio.is_cleaned else "frame->samples"
        return {
            "padded": padded,
            "cleaned": clean,
            "gone": "frame->gone" if audio.is_cleaned else "0",
            "dc": str(int(audio.remove_dc)),
            "emphasis": str(emphasis_of(audio)),
        }

    def params(self, tables: Tables, audio: AudioForm) -> str:
        numbers = numbers_of(audio)
        coefficients = len(numbers.cosines)
        circle = (numbers.circle[:, 0] & 0xFFFF) | (numbers.circle[:, 1] & 0xFFFF) << 16
        rows = np.pad(numbers.cosines, ((0, 0), (0, audio.mel_bands % 2)))
        whole = (audio.window, numbers.log_points, numbers.shift, numbers.energy_bits, audio.mel_bands)
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
