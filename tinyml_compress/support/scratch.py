"""Temporary folders that go in every case: at the end of the block, and when this process is killed in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from tinyml_compress.errors import OutputError
from tinyml_compress.support import disk, owners, watchdog

__all__ = ["scratch"]


@contextmanager
def scratch(prefix: str = "tinyml-", within: Path | None = None) -> Iterator[Path]:
    """A new, empty folder that only this user can read, in the system's place for such things or `within` another."""
    parent = (within or Path(tempfile.gettempdir())).absolute()
    variable = None if within else "TMPDIR"
    _sweep(parent, prefix)
    try:
        place = Path(tempfile.mkdtemp(prefix=owners.prefix(prefix), dir=parent))
    except OSError as error:
        raise disk.full_disk(error, parent, variable) or OutputError(
            "cannot make a temporary folder",
            which=parent,
            found=error.strerror or str(error),
            next_step="make room there" if within else "make room there, or set TMPDIR to another folder",
        ) from error
    with watchdog.folder(place):
        try:
            yield place
        except Exception as error:
            if full := disk.full_disk(error, parent, variable):
                raise full from error
            raise
        finally:
            shutil.rmtree(place, ignore_errors=True)


@lru_cache(maxsize=64)
def _sweep(parent: Path, prefix: str) -> None:
    """Remove what processes left there that no watchdog outlived, once per process."""
    owners.sweep(parent.glob(f"{prefix}~*"))
