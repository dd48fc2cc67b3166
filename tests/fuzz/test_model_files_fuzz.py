"""Hostile model files of every format: nothing in them runs, nothing foreign is imported, nothing
is written.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.lib import audit
from tinyml_compress.support import backend

REPO = Path(__file__).parents[2]
KINDS = ("keras", "h5", "keras3", "h5-3", "folder", "graph")


def _run(
    sandbox: Path, first: int, count: int, kinds: tuple[str, ...], timeout: float, *more: str
) -> dict[str, dict[str, int]]:
    (sandbox / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.model_worker", str(first), str(count), *kinds, *more],
        cwd=sandbox,
        env={
            **os.environ,
            "PYTHONPATH": str(REPO),
            "HOME": str(sandbox / "home"),
            "TMPDIR": str(sandbox / "tmp"),
        },
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert not report["failures"], json.dumps(report["failures"], indent=1)[:6000]
    ends: dict[str, dict[str, int]] = report["ends"]
    return ends


def test_40_of_each(tmp_path: Path) -> None:
    ends = _run(tmp_path, 0, 40, KINDS, 400)
    for kind in KINDS:
        # A fuzzer that only ever meets the first check proves nothing; a folder's graph is good, whatever is
        # beside it.
        assert sum(ends[kind].values()) == 40
        assert ends[kind].get("loaded", 0) >= 1, ends
        assert kind == "folder" or ends[kind]["loaded"] <= 30, ends


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_thousands(tmp_path: Path, kind: str) -> None:
    count = 400 if kind in ("folder", "graph") else 1500
    ends = _run(tmp_path, 1000, count, (kind,), 3000)
    assert sum(ends[kind].values()) == count


@pytest.mark.full
def test_the_fuzzer_sees_what_trusted_files_do(tmp_path: Path) -> None:
    """The same files under the user's word: code runs, and the watch tells."""
    with pytest.raises(AssertionError) as caught:
        _run(tmp_path, 0, 120, ("keras",), 900, "--trust")
    told = str(caught.value)
    for event in ("marshal.loads", "subprocess.Popen", "exec"):
        assert f'"event": "{event}"' in told


def _hooked(sandbox: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, str]], str]:
    """A verb in a process that is watched, as is every worker that it starts."""
    rooms = [sandbox / name for name in ("out", "tmp", "home", "cache")]
    for room in rooms[1:]:
        room.mkdir(exist_ok=True)
    log = sandbox / "audit.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "tinyml_compress", *words],
        cwd=sandbox,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (Path(__file__).parent / "hooked", REPO))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(sandbox / "home"),
            "TMPDIR": str(sandbox / "tmp"),
            "TINYML_COMPRESS_CACHE": str(sandbox / "cache"),
            audit.LOG: str(log),
            audit.ROOMS: os.pathsep.join(map(str, rooms)),
        },
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    return done, audit.told(log), Path(f"{log}.watched").read_text()


def test_workers_are_watched_too(tmp_path: Path) -> None:
    """A configuration whose every name is odd, converted: the converter and both interpreters work on it."""
    k = backend.keras2().layers
    odd = [k.Dense(3, "relu", name="os.system"), k.Dense(2, name="Lambda")]
    model = backend.keras2().Sequential([k.Input((4,)), *odd])
    with backend.quiet():
        model.save(tmp_path / "m.keras")
    np.savez(tmp_path / "x.npz", inputs=np.random.default_rng(0).standard_normal((20, 4)).astype("float32"))
    done, told, watched = _hooked(tmp_path, "convert", "m.keras", "--calibration", "x.npz", "-o", "out")
    assert done.returncode == 0, done.stderr[-2000:]
    assert told == [], json.dumps(told, indent=1)[:6000]
    assert watched.count("_worker_start.py") >= 2
