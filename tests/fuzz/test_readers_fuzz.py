"""Damaged boards, recipes, data sets, results and manifests end in our error or are read: no traceback, no
hang.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.readers import KINDS

REPO = Path(__file__).parents[2]


def _run(first: int, count: int, timeout: float, *kinds: str) -> dict[str, dict[str, int]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.readers", str(first), str(count), *kinds],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert not report["failures"], json.dumps(report["failures"], indent=1)[:6000]
    found: dict[str, dict[str, int]] = report["ends"]
    return found


def test_40_files_of_each_kind() -> None:
    for kind, ends in _run(0, 40, 300).items():
        # A fuzzer that only ever meets the first check, or none, proves nothing.
        assert ends.get("read", 0) > 0, kind
        assert ends.get("read", 0) < 40, kind


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_3000_files_of_each_kind(kind: str) -> None:
    _run(10_000, 3000, 1800, kind)
