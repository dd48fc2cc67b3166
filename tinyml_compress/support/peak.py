"""The most memory that this process takes while something runs. Imports nothing but Python's own modules."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

_OWN = Path("/proc/self")
_RESET = "5"
"""Written to `clear_refs`: the high-water mark goes down to what is taken now."""
_LINE = re.compile(r"^(VmRSS|VmHWM):\s+(\d+) kB$", re.MULTILINE)


class MemoryPeak:
    """From its making on; absent where the system does not tell (no Linux)."""

    def __init__(self) -> None:
        _give_back()
        try:
            (_OWN / "clear_refs").write_text(_RESET)
        except OSError:
            self._before = None
        else:
            self._before = _taken()["VmRSS"]

    def more(self) -> int | None:
        """Bytes that were taken at most beyond those at the start."""
        if self._before is None:
            return None
        return max(0, _taken()["VmHWM"] - self._before)


def _give_back() -> None:
    """What was freed and is kept for later would count as taken before."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)


def _taken() -> dict[str, int]:
    return {name: 1024 * int(kb) for name, kb in _LINE.findall((_OWN / "status").read_text())}
