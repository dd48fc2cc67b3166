"""Temporary folders that go in every case: at the end of the block, and when this process is killed in it."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from tinyml_compress.errors import OutputError
from tinyml_compress.support import disk, files, owners, watchdog


@contextmanager
def scratch(prefix: str = "tinyml-", within: Path | None = None) -> Iterator[Path]:
    """A new, empty folder that only this user can read, in the system's place for such things or `within`
    another.
    """
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
            named = parent if within else _Process.gathered or parent
            if full := disk.full_disk(error, named, variable):
                raise full from error
            raise
        finally:
            shutil.rmtree(place, ignore_errors=True)


@lru_cache(maxsize=64)
def _sweep(parent: Path, prefix: str) -> None:
    """Remove what processes left there that no watchdog outlived, once per process."""
    owners.sweep(parent.glob(f"{prefix}~*"))


@contextmanager
def workplace(output: Path) -> Iterator[Path]:
    """A scratch folder on the disk of the results; `output` goes again where the block made it and left it
    empty.
    """
    files.require_place(output / ".work")
    new = not output.exists()
    output.mkdir(parents=True, exist_ok=True)
    try:
        with scratch(".work.", output) as place:
            yield place
    finally:
        if new:
            with contextlib.suppress(OSError):  # it is not empty
                output.rmdir()


class _Process:
    """Of the program that this is."""

    ours = False
    gathered: Path | None = None
    """The system's place for temporary files, where those of this process have a folder of their own in it.
    """


def process_is_ours() -> None:
    """Said by the command line: nobody else's temporary files are made in this process."""
    _Process.ours = True


def gather() -> None:
    """From here on temporary files of libraries lie in one folder that goes with this process, if that is
    ours.

    TensorFlow writes a file for each function that it rewrites, and removes them only where it ends in peace.
    """
    if not _Process.ours or _Process.gathered is not None:
        return
    _Process.gathered = Path(tempfile.gettempdir())
    stack = contextlib.ExitStack()
    tempfile.tempdir = str(stack.enter_context(scratch("tinyml-run-")))
    atexit.register(stack.close)
