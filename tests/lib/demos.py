"""One run of `demo` for all tests of a session that look at what it makes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def make_demo(folder: Path) -> None:
    """`out/`, `stdout` and `stderr`, as on a machine that has none of the optional programs."""
    (folder / "empty").mkdir()
    words = [sys.executable, "-m", "tinyml_compress", "demo", "-o", str(folder / "out")]
    bare = {**os.environ, "PATH": str(folder / "empty")}
    bare.pop("COLUMNS", None)
    done = subprocess.run(words, env=bare, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "stdout").write_text(done.stdout)
    (folder / "stderr").write_text(done.stderr)
