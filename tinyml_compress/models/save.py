"""Write a tf_keras model to a file, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tinyml_compress.errors import OutputError, UsageError
from tinyml_compress.support import files
from tinyml_compress.support.backend import quiet
from tinyml_compress.support.scratch import scratch

__all__ = ["FORMATS", "save"]

FORMATS = (".keras", ".h5")


def save(model: Any, path: str | Path) -> None:
    """Write `model` to `path`; its suffix chooses the format."""
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise UsageError("not a model file name", which=path, allowed="a name that ends with " + " or ".join(FORMATS))
    with scratch() as folder:
        beside = folder / f"model{path.suffix.lower()}"
        with quiet():
            try:
                model.save(beside)
            except OSError as error:
                raise OutputError("cannot write", which=path, found=error.strerror or str(error)) from error
        data = beside.read_bytes()
    files.write_bytes(path, data)
