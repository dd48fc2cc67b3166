"""Samples as they are: scaled, and stored as the model takes them, a hop at a time."""

from __future__ import annotations

from tinyml_compress.codegen.front_ends.kind import FrontEndKind
from tinyml_compress.frontends.preprocessing import AudioForm


class _Wave(FrontEndKind[AudioForm]):
    kinds = ("wave",)
    header = "tc_input.h"

    def templates(self, form: AudioForm) -> tuple[str, ...]:
        return ("wave.c",)

    def stages(self, form: AudioForm) -> tuple[str, ...]:
        return ("inputs",)


KIND = _Wave()
