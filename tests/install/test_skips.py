"""The list of skipped tests that `make test` leaves for `make test-skipped`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
FIRST = """
import os, pytest
there = pytest.mark.skipif("THERE" not in os.environ, reason="not there")
@there
@pytest.mark.parametrize("word", ["plain", "with space", "ä[1]::2"])
def test_some(word): pass
def test_inside():
    if "THERE" not in os.environ: pytest.skip("not there either")
def test_always(): pass
@pytest.mark.xfail
def test_known(): assert False
"""
SECOND = """
import os, pytest
if "THERE" not in os.environ: pytest.skip("whole module", allow_module_level=True)
def test_one(): pass
def test_two(): pass
"""


def run(folder: Path, *words: str, there: bool = False) -> str:
    variables = {**os.environ, "PYTHONPATH": str(REPO), **({"THERE": "1"} if there else {})}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        *words,
    ]
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("processes", [(), ("-n", "2", "--dist", "loadscope")])
def test_exactly_the_skipped_tests_are_run_later(tmp_path: Path, processes: tuple[str, ...]) -> None:
    (tmp_path / "test_first.py").write_text(FIRST, encoding="utf-8")
    (tmp_path / "test_second.py").write_text(SECOND)
    record = ("-p", "tests.lib.skips", "--skipped-to", "build/skipped.txt")
    assert "1 passed, 5 skipped, 1 xfailed" in run(tmp_path, *record, *processes)
    assert len((tmp_path / "build" / "skipped.txt").read_text(encoding="utf-8").splitlines()) == 5
    assert "6 passed" in run(tmp_path, *processes, "@build/skipped.txt", there=True)
