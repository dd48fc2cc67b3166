"""Every Python process that starts with this folder on its path is watched: see `tests/lib/audit.py`."""

import os
import runpy
import sys
from pathlib import Path

_LOG, _ROOMS = os.environ.get("TINYML_TEST_AUDIT_LOG"), os.environ.get("TINYML_TEST_AUDIT_ROOMS", "")
if _LOG:
    _REPO = Path(__file__).resolve().parents[3]
    with open(f"{_LOG}.watched", "a") as _watched:  # before anything is watched
        _watched.write(" ".join(sys.orig_argv) + "\n")
    _AUDIT = runpy.run_path(str(_REPO / "tests" / "lib" / "audit.py"))
    _AUDIT["install"](
        Path(_LOG),
        [Path(room) for room in _ROOMS.split(os.pathsep) if room],
        code=[_REPO],
        secrets=["the-secret"],
        commands=["_worker_start.py", "_watchdog_process.py", "ziglang"],
        importing=True,
    )
