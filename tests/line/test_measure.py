"""`measure`: the device of `export --format mlperf-tiny`, built for this host, at a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.boards import board, firmware
from tests.lib.bundles import exported
from tests.lib.nets import NETS
from tests.lib.schema import validate
from tests.lib.stateful_nets import STREAMING
from tinyml_compress.cli.measure import command
from tinyml_compress.errors import LineError, MismatchError, UsageError
from tinyml_compress.pipeline.board.verb import measure
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.results import Benchmark, Kind, decoded, encoded
from tinyml_compress.runners import native
from tinyml_compress.runners.sides import quantized

QUICK = 0.05
"""Seconds of a window."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("line"), "mlperf-tiny").folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    return folder.parent / "model.tflite"


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[str]:
    with board(firmware(folder)) as path:
        yield path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(5)
    path = tmp_path_factory.mktemp("data") / "some.npz"
    np.savez(path, x=rng.normal(0, 1, (40, 13, 6, 1)).astype(np.float32), y=rng.integers(0, 4, 40))
    return path


def test_a_board_is_proven_timed_and_scored(model: Path, port: str, data: Path) -> None:
    result = measure(model, port, window=QUICK, eval_data=data, target="nucleo-l4r5zi")
    (run,) = result.runs
    assert run.bit_exact is not None
    assert (run.bit_exact.vectors, run.bit_exact.mismatches) == (6, 0)
    assert run.line is not None
    assert run.line.self_test == "6 of 6"
    assert len(run.line.windows) == 5
    assert all(window.seconds >= QUICK for window in run.line.windows)
    time, cycles = run.figure("ms", Kind.MEASURED), run.figure("cycles", Kind.MEASURED)
    assert time is not None
    assert cycles is not None
    assert cycles.value == round(time.value * 120_000)
    here, there = evaluate(model, data, engine="aot"), run.evaluation
    assert there is not None
    assert there.score == here.score
    assert there.data_sha256 == here.data_sha256
    assert decoded(Benchmark, encoded(result)) == result
    validate(encoded(result))
    assert "accuracy" in result.summary()
    assert "6/6" in result.summary()


def test_a_net_with_a_memory_is_proven_and_scored_step_by_step(tmp_path: Path) -> None:
    """Its samples have more frames than it takes at once."""
    folder = exported(tmp_path, "mlperf-tiny", net=STREAMING["svdf"]()).folder
    file, rng = folder.parent / "model.tflite", np.random.default_rng(3)
    samples, labels = rng.normal(0, 3, (12, 5, 24)).astype(np.float32), rng.integers(0, 4, 12)
    np.savez(tmp_path / "some.npz", x=samples, y=labels)
    with board(firmware(folder)) as path:
        (run,) = measure(file, path, window=QUICK, eval_data=tmp_path / "some.npz").runs
    assert run.bit_exact is not None
    assert (run.bit_exact.vectors, run.bit_exact.mismatches) == (6, 0)
    (net,) = native.load([compile_model(file.read_bytes(), "net")])
    (port,) = compile_model(file.read_bytes(), "net").inputs
    right = 0
    for sample, label in zip(samples, labels, strict=True):
        net.reset()
        *_, last = (net.step([quantized(frame, port).reshape(port.shape)]) for frame in sample)
        assert last is not None
        right += int(np.argmax(last[0])) == label
    assert run.evaluation is not None
    assert run.evaluation.score is not None
    assert run.evaluation.score.accuracy == pytest.approx(right / len(labels))


def test_an_emulated_board_is_never_called_measured(folder: Path, model: Path) -> None:
    program = firmware(folder, '-DKWS_MLPERF_PROFILE="Firmware, emulated"')
    with board(program) as path:
        result = measure(model, path, window=QUICK)
        with pytest.raises(UsageError, match="no power"):
            measure(model, path, window=QUICK, energy=model)
    kinds = {figure.kind for figure in result.runs[0].figures}
    assert kinds == {Kind.MODELLED}
    assert "nothing was measured" in result.notes[0]


def test_a_firmware_of_another_model_is_named(port: str, tmp_path: Path) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(NETS["autoencoder"]())
    with pytest.raises(MismatchError, match="of another model") as caught:
        measure(other, port, window=QUICK)
    assert "flash what" in (caught.value.next_step or "")


def test_a_device_that_lies_is_caught(folder: Path, model: Path) -> None:
    """Its self-test passes whatever comes out."""
    lying = {
        "failed == KWS_SELFTEST_PASSED": "failed != 77",
        "((const uint8_t *)output)[i]": "(((const uint8_t *)output)[i] ^ 1u)",
    }
    program = firmware(folder, **lying)
    with board(program) as path, pytest.raises(MismatchError, match="not the model's") as caught:
        measure(model, path, window=QUICK)
    assert "golden vector 0" in str(caught.value)
    assert "self-test passes" in (caught.value.next_step or "")


def test_a_clock_that_is_wrong_is_told(folder: Path, model: Path) -> None:
    still = firmware(folder, **{"return (uint32_t)((uint64_t)now": "return 0u * (uint32_t)((uint64_t)now"})
    with board(still) as path, pytest.raises(LineError, match="clock does not move"):
        measure(model, path, window=QUICK)
    double = firmware(folder, **{"(uint64_t)now.tv": "2u * (uint64_t)now.tv"})
    with board(double) as path, pytest.raises(MismatchError, match="do not agree"):
        measure(model, path, window=1.2)


def test_the_verb_says_what_belongs_together() -> None:
    for words in (["--port", "x"], ["m", "--port", "x", "-o", "y"], ["--fit-core", "--port", "x"]):
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 2, done.output
