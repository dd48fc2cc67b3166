"""The zoo's nets on emulated cores give TFLM's bytes: recurrent, segmenting, speech with int16
activations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.emulated.programs import board
from tests.lib.zoo import zoo_tflite
from tinyml_compress.converter import Mode
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import tflm
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed

Once = Callable[[str, Callable[[Path], None]], Path]
NEW = (
    ("activity_lstm", Mode.INT8),
    ("activity_gru", Mode.INT8),
    ("unet", Mode.INT8),
    ("speech_codec", Mode.INT8),
    ("speech_codec", Mode.INT16X8),
)
CORES = ("cortex-m0plus", "cortex-m4", "rv32imc")


def assert_equal_on(file: bytes, core: str, level: Level, count: int) -> None:
    """The generated C on that core gives TFLM's bytes."""
    device = board(core)
    program = compile_model(file, "m", device.core.kernels, level)
    device = replace(device, ram=(replace(device.ram[0], nbytes=max(device.ram[0].nbytes, 256 << 10)),))
    vectors = list(mixed(program.inputs, 5, count))
    oracle = tflm.Interpreter(file)
    ran = emulate(program, device, [[np.asarray(value).tobytes() for value in vector] for vector in vectors])
    for vector, outputs in zip(vectors, ran.outputs, strict=True):
        for want, got in zip(oracle.invoke(vector), outputs, strict=True):
            assert want.tobytes() == got, core


def test_a_recurrent_net_on_the_smallest_core(once: Once) -> None:
    assert_equal_on(zoo_tflite(once, "activity_gru"), "cortex-m0plus", Level.BALANCED, 2)


@pytest.mark.full
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(("name", "mode"), NEW)
def test_each_net_on_each_core(once: Once, name: str, mode: Mode, core: str) -> None:
    for level in (Level.SIZE, Level.SPEED):
        assert_equal_on(zoo_tflite(once, name, mode), core, level, 4)
