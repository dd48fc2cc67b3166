"""Which process something belongs to, in a form that can be asked about later: is that very process still
there?
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Iterable
from pathlib import Path

_SEPARATOR = "~"
_FORGOTTEN_S = 7 * 24 * 3600.0
"""What a process on another machine, or before this one was started anew, made is taken for left over after
so long.
"""


def here() -> str:
    """This process: host, boot, id and start time, so that another one is never mistaken for it."""
    return "/".join((socket.gethostname(), _boot(), str(os.getpid()), _start_time(os.getpid())))


def is_alive(owner: str) -> bool | None:
    """Whether the process `owner` runs; None when it is on another machine and cannot be seen from here."""
    host, boot, pid, start = owner.split("/")
    if host != socket.gethostname() or boot != _boot():
        return None
    return bool(start) and _start_time(int(pid)) == start


def prefix(what: str) -> str:
    """The beginning of a folder's name that tells whose it is: for folders that are there for a while."""
    return _SEPARATOR.join((what, *here().split("/"), ""))


def sweep(folders: Iterable[Path]) -> None:
    """Remove those whose names tell that their process is gone."""
    for folder in folders:
        with contextlib.suppress(OSError):  # another sweep was faster, or it is somebody else's
            if _is_left_over(folder):
                shutil.rmtree(folder)


def _is_left_over(folder: Path) -> bool:
    _, *owner, _ = folder.name.split(_SEPARATOR)
    if len(owner) != len(here().split("/")):
        return False
    alive = is_alive("/".join(owner))
    if alive is None:
        return time.time() - folder.stat().st_mtime > _FORGOTTEN_S
    return not alive


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return "unknown"


def _start_time(pid: int) -> str:
    """Field 22 of the process's record; empty when there is none, or when it ended already."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] in ("Z", "X") else after_name[19]
