"""`serve`: an emulated board on a pseudo-terminal answers as its firmware does, in modelled time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.frontends.test_made import model
from tests.lib.nets import NETS
from tests.lib.schema import validate
from tests.lib.speaker import Speaker
from tests.lib.stateful_nets import STREAMING
from tinyml_compress.codegen.answers import answers_program
from tinyml_compress.data.audio import in_16_bits, read_wav
from tinyml_compress.errors import UsageError
from tinyml_compress.frontend import read
from tinyml_compress.frontends.trigger import heard, smoothed
from tinyml_compress.pipeline.compile.front_end import front_end, manifest_preprocessing
from tinyml_compress.pipeline.compile.trigger import trigger_in
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.evaluate.recording import listen
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.pipeline.serve import ServedBoard, serve
from tinyml_compress.results import encoded
from tinyml_compress.runners import native

BOARD = "nucleo-l4r5zi"
RATE, SECONDS = 8000, 10


@pytest.fixture(scope="module")
def keyword(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a front end, a recording of bursts of noise, and thresholds that tell some of them."""
    folder = tmp_path_factory.mktemp("served")
    path, cards = model(folder), folder / "cards"
    cards.mkdir()
    rng, loud = np.random.default_rng(0), np.full(RATE * SECONDS, 30.0)
    events = [{"start": start, "end": start + 0.4, "label": start % 2} for start in range(1, SECONDS - 1)]
    for event in events:
        loud[int(event["start"] * RATE) : int(event["end"] * RATE)] = 4000 * (1 + event["label"])
    recording(cards / "bursts.wav", np.clip(rng.normal(0, loud), -32768, 32767), RATE)
    recording(cards / "fast.wav", np.zeros(RATE), 2 * RATE)
    (cards / "broken.wav").write_bytes(b"RIFF")
    (folder / "events.json").write_text(json.dumps({"events": events}))
    told = listen(path, cards / "bursts.wav", folder / "events.json", smoothing=4, false_accepts=3000.0)
    (folder / "chosen.json").write_text(json.dumps(encoded(told)))
    return path


def recording(path: Path, samples: npt.NDArray[np.float64], rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


@pytest.fixture(scope="module")
def board(keyword: Path) -> Iterator[ServedBoard]:
    cards, chosen = keyword.parent / "cards", keyword.parent / "chosen.json"
    with serve(keyword, BOARD, name="kws01", interface=cards, trigger=chosen) as served:
        yield served


@pytest.fixture
def interface(board: ServedBoard) -> Iterator[Speaker]:
    assert board.facts.interface is not None
    with Speaker(board.facts.interface.path) as one:
        yield one


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
    assert board.facts.ms == pytest.approx(ms, rel=3e-3)
    for count, warmups in ((1, 0), (7, 3), (200, 10)):
        assert speaker.infer(count, warmups)[1] == pytest.approx(1e3 * board.facts.ms * count, abs=1.01)


def test_the_clock_goes_on_while_it_waits(speaker: Speaker) -> None:
    (first,), (second,) = speaker.ask("timestamp"), speaker.ask("timestamp")
    assert int(second.rpartition("-")[2]) > int(first.rpartition("-")[2])


def test_it_gives_what_the_model_gives(speaker: Speaker, keyword: Path) -> None:
    (net,) = native.load([compile_model(keyword.read_bytes(), "kws")])
    graph = read(keyword.read_bytes(), "kws")
    quant = graph.tensors[graph.outputs[0]].quant
    assert quant is not None
    rng = np.random.default_rng(5)
    for sample in rng.integers(-128, 128, (8, 1, 13, 6, 1), np.int8):
        speaker.load(sample.tobytes())
        expected = (np.ravel(net.invoke([sample])[0]).astype(float) - quant.zero_point) * quant.scale
        assert np.allclose(speaker.infer()[0], expected, atol=5.1e-4)


def numbers(lines: list[str]) -> list[int]:
    return [int(word) for line in lines for word in line.split(",") if word.strip()]


def test_it_hears_what_the_model_says(
    speaker: Speaker, interface: Speaker, board: ServedBoard, keyword: Path
) -> None:
    """As the runner does it: scores, detections and how busy it was, after a recording that was played."""
    assert speaker.ask("stop") == ["m-[Not listening]"]
    assert speaker.ask("start")[0] == f"m-listening-hz-{RATE}"
    assert interface.ask("record_detections") == ["Now recording"]
    assert interface.ask("play bursts.wav") == ["Playing bursts.wav"]
    said = speaker.ask("stop")
    scores = numbers(" ".join(said[3:]).removeprefix("target activations: ").strip("[]").split("\n"))
    audio, content = manifest_preprocessing(keyword).audio, keyword.read_bytes()
    assert audio is not None
    samples = in_16_bits(read_wav(keyword.parent / "cards" / "bursts.wav")[0])
    program = compile_model(content, "kws")
    front = front_end("kws", program.inputs, manifest_preprocessing(keyword))
    assert front is not None
    whole = answers_program(program, front, audio, len(samples), 1, audio.frames)
    ((answers, count),) = native.answers(whole, [[samples]])
    wanted = answers[: count[0]].reshape(int(count[0]), -1).astype(np.int64)
    assert said[1] == f"m-listened-steps-{len(wanted)}"
    assert scores == wanted[:, 0].tolist()
    steps = set[int]()
    for one in trigger_in(keyword.parent / "chosen.json", content):
        steps |= set(
            heard(smoothed(wanted[:, one.output] + 128, one.smoothing), one.threshold, one.refractory)
        )
    assert len(steps) > 3
    first, *told = numbers(interface.ask("print_detections")[1:])
    hop_ms = audio.every_ms
    assert [at - first for at in told] == [
        pytest.approx((step + audio.frames - 1) * hop_ms, abs=2) for step in sorted(steps)
    ]
    interface.send(b"print_dutycycle%")
    _, starts, _, stops = interface.heard()
    begun, ended = numbers([starts]), numbers([stops.removesuffix("m-ready")])
    assert np.diff(begun) == pytest.approx(np.full(len(begun) - 1, 100 * hop_ms), abs=1)
    assert board.facts.interface is not None
    busy = np.subtract(ended, begun)[audio.frames :]
    assert busy == pytest.approx(
        np.full(len(busy), 100 * (board.facts.interface.frame_ms + board.facts.ms)), abs=1
    )


def test_the_interface_board_obeys_out_of_order_too(speaker: Speaker, interface: Speaker) -> None:
    assert interface.ask("ls") == ["broken.wav", "bursts.wav", "fast.wav"]
    assert interface.ask("play none.wav") == ["e-[No such recording: none.wav]"]
    assert interface.ask("play ../kws.tflite") == ["e-[No such recording: ../kws.tflite]"]
    assert interface.ask("play fast.wav")[0].startswith("e-[another sample rate than the model's")
    assert interface.ask("play broken.wav")[0].startswith("e-[the sound cannot be read")
    assert interface.ask("play bursts.wav") == ["Playing bursts.wav"]  # to a board that does not listen
    interface.send(b"dut start%")
    assert interface.heard(times=2)[:3] == [
        "m-dut-passthrough(start)",
        "m-ready",
        f"[dut]: m-listening-hz-{RATE}",
    ]
    for command in ("infer", "selftest", "results", "start"):
        assert speaker.ask(command) == ["e-[The device listens: stop comes first]"]
    interface.send(b"play bursts.wav%")
    assert speaker.ask("stop")[1].startswith("m-listened-steps-")
    assert interface.heard() == ["Playing bursts.wav", "m-ready"]
    assert interface.ask("checkbaud") == ["baud is: 115200"]
    assert interface.ask("fly") == ["e-[Unknown command: fly]"]


def test_garbage_on_the_interface_boards_line_does_no_harm(speaker: Speaker, interface: Speaker) -> None:
    rng = np.random.default_rng(0)
    words = [
        b"dut ",
        b"play ",
        b"ls",
        b"%",
        b"st",
        b"op",
        b"start",
        b"\xff",
        b"\0",
        b"x" * 300,
        b"bursts.wav",
        b"\n",
    ]
    sent = b"".join(words[place] for place in rng.integers(0, len(words), 400)) + b"%dut stop%name%"
    interface.send(sent)
    interface.heard("m-name-dut-[tinyml_compress interface board]\r\nm-ready")
    speaker.ask("stop")
    assert speaker.ask("name") == ["m-name-dut-[tinyml_compress]"]


def test_it_can_be_as_slow_as_the_board(keyword: Path) -> None:
    with serve(keyword, BOARD, name="kws01", pace=40.0) as slow, Speaker(slow.path) as speaker:
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
    with pytest.raises(UsageError, match="needs an emulated board"), serve(keyword, "host"):
        raise AssertionError("never reached")
    with pytest.raises(UsageError, match="nucleo"), serve(keyword, "nucleo"):
        raise AssertionError("never reached")
    cards = keyword.parent / "cards"
    (cards / "net.tflite").write_bytes(NETS["keyword"]())
    with (
        pytest.raises(UsageError, match="takes no samples"),
        serve(cards / "net.tflite", BOARD, interface=cards),
    ):
        raise AssertionError("never reached")
