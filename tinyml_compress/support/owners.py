"""Which process something belongs to, in a form that can be asked about later: is that very process still there?"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

__all__ = ["here", "is_alive"]


def here() -> str:
    """This process: host, boot, id and start time, so that another one is never mistaken for it."""
    return "/".join((socket.gethostname(), _boot(), str(os.getpid()), _start_time(os.getpid())))


def is_alive(owner: str) -> bool | None:
    """Whether the process `owner` runs; None when it is on another machine and cannot be seen from here."""
    host, boot, pid, start = owner.split("/")
    if host != socket.gethostname() or boot != _boot():
        return None
    return bool(start) and _start_time(int(pid)) == start


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
