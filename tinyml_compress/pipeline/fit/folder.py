"""The folder of one search: while it runs, nobody else's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyml_compress.errors import OutputError
from tinyml_compress.support import files
from tinyml_compress.support.scratch import scratch

_LOCK = "lock"
WORK = ".work"
"""Below the output folder: the job that workers read, their logs, and what they make on the way."""


@contextmanager
def working(output: Path) -> Iterator[None]:
    """Keep other searches out of the folder. `WORK` is empty when the block begins, and goes when it ends
    well, or before it made anything.
    """
    work = output / WORK
    files.require_place(work / _LOCK)
    new = not output.exists()
    while (lock := _locked(work)) is None:
        pass
    ended = False
    with os.fdopen(lock):
        try:
            _empty(work)
            yield
            ended = True
        finally:
            if ended or os.listdir(work) == [_LOCK]:
                with scratch(".done.", output) as done:
                    os.rename(work, done / WORK)  # at once: who begins now makes a new one
            if new:
                with contextlib.suppress(OSError):  # it is not empty
                    output.rmdir()


def _empty(work: Path) -> None:
    """Of what a killed search left: in a folder from somebody else, links to the user's own files."""
    for left in list(work.iterdir()):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)  # its watchdog may be at it too
        elif left.name != _LOCK:
            left.unlink(missing_ok=True)


def _locked(work: Path) -> int | None:
    """The lock, which goes with this process; None where its file went away before it was taken."""
    if work.is_symlink():
        work.unlink()
    work.mkdir(parents=True, exist_ok=True)
    lock = os.open(work / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), os.stat(work / _LOCK)):
            return lock
    except FileNotFoundError:
        pass
    except BlockingIOError:
        os.close(lock)
        raise OutputError(
            "another search works in this folder",
            which=work.parent,
            next_step=(
                "wait for its end, or give another folder with -o; two searches with the same --storage help "
                "each other"
            ),
        ) from None
    os.close(lock)
    return None
