"""The streaming nets of the zoo: TFLM's bytes over 1,000 frames and on emulated cores, and they know their
classes.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.emulated.programs import board
from tests.lib.streams import assert_streams_equal
from tinyml_compress import data
from tinyml_compress.cli.zoo import command
from tinyml_compress.errors import UsageError
from tinyml_compress.models import STREAMS, load, stream_file
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.sides import quantized
from tinyml_compress.support.instruction_sets import Isa

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "zoo_streams.json"
CORES = ("cortex-m0plus", "cortex-m4", "rv32imc")


def frames_of_samples(name: str, count: int) -> tuple[list[list[np.ndarray]], np.ndarray]:
    """Stored frames of the first samples of the test part, and their labels."""
    about = STREAMS[name]
    test = data.load(f"{about.data}:test")
    (port,) = compile_model(stream_file(name), "m").inputs
    samples = test.inputs[:count].reshape(count, about.frames, *about.input_shape)
    return [
        [frame.reshape(port.shape) for frame in quantized(sample, port)] for sample in samples
    ], test.labels[:count]


@pytest.mark.parametrize("name", STREAMS)
def test_a_thousand_frames(name: str) -> None:
    assert_streams_equal([stream_file(name)], frames=1000, reset_at=600)
    assert_streams_equal([stream_file(name)], frames=50, isas=Isa.DSP.sets)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("core", CORES)
def test_emulated(name: str, core: str) -> None:
    """A sample, frame by frame."""
    ((frames, *_), _) = frames_of_samples(name, 1)
    program = compile_model(stream_file(name), name, board(core).core.kernels)
    oracle = tflm.Interpreter(stream_file(name))
    ran = emulate(program, board(core), [[frame.tobytes()] for frame in frames[:10]])
    for number, (frame, outputs) in enumerate(zip(frames, ran.outputs, strict=False)):
        assert tuple(value.tobytes() for value in oracle.invoke([frame])) == outputs, number


@pytest.mark.parametrize("name", STREAMS)
def test_it_knows_its_classes(name: str) -> None:
    (stored,) = [row for row in json.loads(RESULTS.read_text())["rows"] if row["model"] == name]
    assert stored["float32"] - stored["streamed_int8"] < 0.03
    samples, labels = frames_of_samples(name, 200)
    (code,) = native.load([compile_model(stream_file(name), name)])
    right = 0
    for frames, label in zip(samples, labels, strict=True):
        code.reset()
        for frame in frames:
            (output,) = code.invoke([frame])
        right += int(np.argmax(output)) == int(label)
    assert right / 200 > stored["streamed_int8"] - 0.08


def test_the_verbs_know_them(tmp_path: Path) -> None:
    shown = CliRunner().invoke(command, ["list"]).output
    for name in STREAMS:
        assert name in shown
        target = tmp_path / f"{name}.tflite"
        assert CliRunner().invoke(command, ["save", name, "-o", str(target)]).exit_code == 0
        assert target.read_bytes() == stream_file(name) == given(f"zoo:{name}").content
        with pytest.raises(UsageError, match="zoo save"):
            load(f"zoo:{name}")
