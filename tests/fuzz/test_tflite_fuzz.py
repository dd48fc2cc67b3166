"""Damaged .tflite files end in our error or in C, never in a traceback, a hang, or a memory blow-up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.compared import compare, compiled
from tests.lib.graphs import const, model, tensor
from tinyml_compress.ir import DType
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.runners import native, tflm

REPO = Path(__file__).parents[2]


def _run(first: int, count: int, timeout: float, worker: str = "worker") -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{worker}", str(first), str(count)],
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


def test_mutations_that_compile_compute_what_tflm_computes() -> None:
    if not tflm.available():
        pytest.skip("TensorFlow Lite Micro is not installed here")
    ends = _run(0, 60, 300, "compared")["ends"]
    assert isinstance(ends, dict)
    assert ends["equal"] >= 5


def test_what_tflm_leaves_undefined_is_not_compared() -> None:
    """A stack of frames that is not complete; the flag beside it still is."""
    if not tflm.available():
        pytest.skip("TensorFlow Lite Micro is not installed here")
    assert _run(13_309, 1, 120, "compared")["ends"] == {"equal": 1}


def test_by_zero_is_not_compared() -> None:
    """A divisor that damage made 0: ours gives 0, TensorFlow Lite Micro whatever its shifts make of it."""
    if not tflm.available():
        pytest.skip("TensorFlow Lite Micro is not installed here")
    divisor = const("b", np.zeros(4), dtype=DType.INT32)
    given = [tensor("a", (1, 4), dtype=DType.INT32), divisor]
    file = model("DIV", given, tensor("y", (1, 4), dtype=DType.INT32), FusedAttrs())
    program = compiled(file, 0)
    assert program is not None
    (ours,) = native.load([program])
    assert compare(file, program, ours, 0) == "undefined"


@pytest.mark.full
@pytest.mark.parametrize("first", range(10_000, 34_000, 500))
def test_5000_mutations_compared(first: int) -> None:
    """So many seeds, since about every fifth mutation still is a model that both sides run."""
    if not tflm.available():
        pytest.skip("TensorFlow Lite Micro is not installed here")
    ends = _run(first, 500, 1800, "compared")["ends"]
    assert isinstance(ends, dict)
    assert ends["equal"] >= 50


@pytest.mark.full
@pytest.mark.parametrize("first", range(10_000, 15_000, 1000))
def test_5000_mutations(first: int) -> None:
    _run(first, 1000, 900)
