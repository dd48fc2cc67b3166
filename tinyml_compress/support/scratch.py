"""Temporary folders that go in every case: at the end of the block, and when this process is killed in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyml_compress.errors import OutputError
from tinyml_compress.support import watchdog

__all__ = ["scratch"]


@contextmanager
def scratch(prefix: str = "tinyml-", within: Path | None = None) -> Iterator[Path]:
    """A new, empty folder that only this user can read, in the system's place for such things or `within` another."""
    try:
        place = Path(tempfile.mkdtemp(prefix=prefix, dir=within)).absolute()
    except OSError as error:
        raise OutputError(
            "cannot make a temporary folder",
            which=within or tempfile.gettempdir(),
            found=error.strerror or str(error),
            next_step="make room there" if within else "make room there, or set TMPDIR to another folder",
        ) from error
    with watchdog.folder(place):
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
