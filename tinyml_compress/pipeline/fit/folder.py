"""The folder of one search: while it runs, nobody else's."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyml_compress.errors import OutputError
from tinyml_compress.support import files
from tinyml_compress.support.scratch import scratch

__all__ = ["WORK", "working"]

WORK = ".work"
"""Below the output folder: the job that workers read, their logs, and what they make on the way."""


@contextmanager
def working(output: Path) -> Iterator[None]:
    """Keep other searches out of the folder, and take away `WORK` when the block ends well, or before it made
    anything.
    """
    new, work = not output.exists(), output / WORK
    files.require_place(work / "lock")
    while (lock := _locked(work)) is None:
        pass
    ended = False
    with os.fdopen(lock):
        try:
            yield
            ended = True
        finally:
            if ended or os.listdir(work) == ["lock"]:
                with scratch(".done.", output) as done:
                    os.rename(work, done / WORK)  # at once: who begins now makes a new one
            if new:
                with contextlib.suppress(OSError):  # it is not empty
                    output.rmdir()


def _locked(work: Path) -> int | None:
    """The lock, which goes with this process; None where its file went away before it was taken."""
    work.mkdir(parents=True, exist_ok=True)
    lock = os.open(work / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), os.stat(work / "lock")):
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
