"""A full disk, told apart from the many words in which programs complain of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from tinyml_compress.errors import OutputError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_FEW_BYTES = 1 << 20
_UNKNOWN = 1 << 62
"""Bytes that are left where the system does not say: nothing speaks against any work."""


class DiskFull(OutputError):
    """There is no room left; `which` is the folder."""


def full_disk(error: BaseException, place: Path, variable: str | None) -> DiskFull | None:
    """What to raise instead of `error` where its cause is that the disk of `place` is full; `variable` names
    another.

    The programs that we call complain in words of their own, or crash: so the disk itself is asked as well.
    """
    if isinstance(error, DiskFull):
        return None  # it names its place already
    free = _free(place)
    if free >= _FEW_BYTES and not any(
        isinstance(one, OSError) and one.errno in _NO_ROOM for one in _causes(error)
    ):
        return None
    return DiskFull(
        "the disk is full",
        which=place,
        found=f"{free:,} B are left",
        next_step="make room there"
        + (f", or set {variable} to a folder on another disk" if variable else ""),
    )


def require_room(place: Path, nbytes: int, what: str, variable: str) -> None:
    """The error of a disk on which there is no room for so much, before anything of it comes."""
    free = _free(place)
    if free < nbytes:
        raise DiskFull(
            f"there is no room for {what}",
            which=place,
            found=f"{free:,} B are left",
            allowed=f"about {nbytes:,} B",
            next_step=f"make room there, or set {variable} to a folder on another disk",
        )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _free(place: Path) -> int:
    """Bytes that this user may still write there."""
    try:
        disk = os.statvfs(place)
    except OSError:
        return _UNKNOWN
    return disk.f_frsize * (disk.f_bfree if os.geteuid() == 0 else disk.f_bavail)
