"""`serve`: an emulated board on a pseudo-terminal answers as its firmware does, in modelled time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest

from tests.lib.nets import NETS
from tests.lib.schema import validate
from tests.lib.speaker import Speaker
from tests.lib.stateful_nets import STREAMING
from tinyml_compress.errors import UsageError
from tinyml_compress.frontend import read
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.pipeline.serve import ServedBoard, serve
from tinyml_compress.runners import native

BOARD = "nucleo-l4r5zi"


@pytest.fixture(scope="module")
def keyword(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "kws.tflite"
    path.write_bytes(NETS["keyword"]())
    return path


@pytest.fixture(scope="module")
def board(keyword: Path) -> Iterator[ServedBoard]:
    with serve(keyword, BOARD, name="kws01") as served:
        yield served


@pytest.fixture
def speaker(board: ServedBoard) -> Iterator[Speaker]:
    with Speaker(board.path) as one:
        yield one


def test_it_says_that_it_is_emulated(speaker: Speaker, board: ServedBoard) -> None:
    assert speaker.ask("name") == ["m-name-dut-[tinyml_compress]"]
    assert speaker.ask("profile") == [
        f"m-profile-[emulated {BOARD}: modelled time, not for submission]",
        "m-model-[kws01]",
        f"m-sha256-[{board.facts.model_sha256}]",
        "m-input-[stored]",
    ]
    assert speaker.ask("selftest") == ["m-selftest-vectors-6-of-6", "m-selftest-[passed]"]


def test_its_clock_is_what_benchmark_says(speaker: Speaker, board: ServedBoard, keyword: Path) -> None:
    (run,) = measured(keyword, BenchmarkRequest(targets=(BOARD,), vectors=1)).runs
    (ms,) = (figure.value for figure in run.figures if figure.name == "ms")
    # The firmware holds the self-test's tables too: constants lie elsewhere, flash is met in other lines.
    assert board.facts.ms == pytest.approx(ms, rel=1e-3)
    for count, warmups in ((1, 0), (7, 3), (200, 10)):
        assert speaker.infer(count, warmups)[1] == pytest.approx(1e3 * board.facts.ms * count, abs=1.01)


def test_the_clock_goes_on_while_it_waits(speaker: Speaker) -> None:
    (first,), (second,) = speaker.ask("timestamp"), speaker.ask("timestamp")
    assert int(second.rpartition("-")[2]) > int(first.rpartition("-")[2])


def test_it_gives_what_the_model_gives(speaker: Speaker, keyword: Path) -> None:
    (model,) = native.load([compile_model(keyword.read_bytes(), "kws")])
    graph = read(keyword.read_bytes(), "kws")
    quant = graph.tensors[graph.outputs[0]].quant
    assert quant is not None
    rng = np.random.default_rng(5)
    for sample in rng.integers(-128, 128, (8, 1, 13, 6, 1), np.int8):
        speaker.load(sample.tobytes())
        expected = (np.ravel(model.invoke([sample])[0]).astype(float) - quant.zero_point) * quant.scale
        assert np.allclose(speaker.infer()[0], expected, atol=5.1e-4)


def test_it_can_be_as_slow_as_the_board(keyword: Path) -> None:
    with serve(keyword, BOARD, pace=40.0) as slow, Speaker(slow.path) as speaker:
        began = time.monotonic()
        _, us = speaker.infer(10)
        assert time.monotonic() - began > 40e-6 * us


def test_programs_come_and_go(board: ServedBoard) -> None:
    """Half a line and garbage of the one are no harm to the next, which ends them first."""
    with Speaker(board.path) as first:
        first.send(b"\xff\x00db lo")
    with Speaker(board.path) as second:
        second.send(b"%name%")
        assert second.heard(times=2)[-2:] == ["m-name-dut-[tinyml_compress]", "m-ready"]


@pytest.mark.parametrize("place", ["corstone-300", pytest.param("esp32-c3", marks=pytest.mark.full)])
def test_other_cores_obey_too(tmp_path: Path, place: str) -> None:
    """Our interpreter, RISC-V, and a net that remembers."""
    (tmp_path / "net.tflite").write_bytes(STREAMING["svdf"]())
    with serve(tmp_path / "net.tflite", place) as served, Speaker(served.path) as speaker:
        first, us = speaker.infer(2, 0)
        assert us > 0
        assert speaker.infer(2, 5)[0] == first
        assert speaker.ask("selftest")[-1] == "m-selftest-[passed]"


@pytest.mark.parametrize("way", [pytest.param(signal.SIGINT, marks=pytest.mark.full), signal.SIGTERM])
def test_the_command_says_where_and_ends_cleanly(keyword: Path, way: signal.Signals) -> None:
    words = [sys.executable, "-m", "tinyml_compress", "serve", str(keyword), "--target", BOARD, "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    facts = json.loads("".join(takewhile(lambda line: line != "}\n", process.stdout)) + "}")
    validate(facts)
    with Speaker(facts["path"]) as speaker:
        assert speaker.infer(3)[1] == pytest.approx(3e3 * facts["ms"], abs=1.01)
        speaker.send(b"infer 900000000 0%")  # which would take a day
        speaker.heard("m-infer-start-900000000")
    process.send_signal(way)
    out, complaints = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert "modelled" in complaints
    assert "Traceback" not in complaints
    assert not os.path.exists(facts["path"])


def test_what_is_no_emulated_board_is_refused(keyword: Path) -> None:
    with pytest.raises(UsageError, match="only boards"), serve(keyword, "host"):
        raise AssertionError("never reached")
    with pytest.raises(UsageError, match="nucleo"), serve(keyword, "nucleo"):
        raise AssertionError("never reached")
