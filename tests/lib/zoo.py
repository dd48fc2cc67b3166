"""Converted zoo models, made once per run and shared by all tests and worker processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tinyml_compress import data
from tinyml_compress.converter import Mode
from tinyml_compress.models import ZOO
from tinyml_compress.pipeline.convert.verb import convert

Once = Callable[[str, Callable[[Path], None]], Path]
_SAMPLES = 16


def converted(once: Once, name: str, mode: Mode = Mode.INT8) -> Path:
    """The folder with all artifacts of a zoo model."""

    def make(folder: Path) -> None:
        samples = data.load(f"{ZOO[name].data}:train")
        convert(f"zoo:{name}", samples, mode=mode.value, output=folder, name=name, samples=_SAMPLES)

    return once(f"zoo-{name}-{mode.value}", make)


def zoo_tflite(once: Once, name: str, mode: Mode = Mode.INT8) -> bytes:
    """The .tflite file of a zoo model."""
    return (converted(once, name, mode) / f"{name}.tflite").read_bytes()
