"""Write a tf_keras model to a file, whole or not at all."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from tinyml_compress.errors import OutputError, UsageError
from tinyml_compress.support import files
from tinyml_compress.support.backend import quiet
from tinyml_compress.support.scratch import scratch

FORMATS = (".keras", ".h5")


def save(model: Any, path: str | Path) -> None:
    """Write `model` to `path`; its suffix chooses the format."""
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            "not a model file name", which=path, allowed="a name that ends with " + " or ".join(FORMATS)
        )
    with scratch() as folder:
        beside = folder / f"model{path.suffix.lower()}"
        with quiet():
            try:
                model.save(beside)
            except OSError as error:
                raise OutputError("cannot write", which=path, found=error.strerror or str(error)) from error
        data = beside.read_bytes()
    files.write_bytes(path, _without_dates(data) if path.suffix.lower() == ".keras" else data)


def _without_dates(archive: bytes) -> bytes:
    """A .keras file whose bytes depend on the model alone: Keras writes the time into it, and so does zip.

    The date is a fixed one, because Keras's own editor of such files wants one.
    """
    undated = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(undated, "w") as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "metadata.json":
                content = json.dumps({**json.loads(content), "date_saved": "1980-01-01@00:00:00"}).encode()
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return undated.getvalue()
