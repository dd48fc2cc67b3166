"""One small run of `demo` for all tests of a session that look at what it makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["make_demo"]


def make_demo(folder: Path) -> None:
    """`out/`, `stdout` and `stderr` of a few epochs."""
    words = [sys.executable, "-m", "tinyml_compress", "demo", "-o", str(folder / "out"), "--epochs", "6"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "stdout").write_text(done.stdout)
    (folder / "stderr").write_text(done.stderr)
