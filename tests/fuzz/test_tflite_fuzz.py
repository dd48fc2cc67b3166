"""Damaged .tflite files end in our error or in C, never in a traceback, a hang, or a memory blow-up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]


def _run(first: int, count: int, timeout: float) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.worker", str(first), str(count)],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report: dict[str, object] = json.loads(done.stdout)
    assert not report["failures"], json.dumps(report["failures"], indent=1)[:6000]
    return report


def test_300_mutations() -> None:
    ends = _run(0, 300, 120)["ends"]
    assert isinstance(ends, dict)
    # A fuzzer that only ever meets the first check proves nothing.
    assert ends.get("compiled", 0) >= 15
    assert ends["refused: ModelError"] >= 60


@pytest.mark.full
@pytest.mark.parametrize("first", range(10_000, 15_000, 1000))
def test_5000_mutations(first: int) -> None:
    _run(first, 1000, 900)
