"""The .tflite bytes to benchmark: read from a file, or converted first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tinyml_compress.errors import UsageError
from tinyml_compress.support.c_names import c_name
from tinyml_compress.support.files import read_bytes

__all__ = ["model_bytes"]


def model_bytes(spec: str, calibration: str | None, progress: Callable[[str], None]) -> tuple[bytes, str]:
    """Content and C name of the model that `spec` names."""
    path = Path(spec)
    if path.suffix == ".tflite":
        if not path.is_file():
            raise UsageError("no such model file", which=spec, next_step="give a .tflite file or what `convert` takes")
        return read_bytes(path), c_name(path.stem)
    raise UsageError("not a .tflite", which=spec)
