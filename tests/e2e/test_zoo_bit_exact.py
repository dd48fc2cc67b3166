"""Every zoo model: generated C equals TensorFlow Lite Micro at every level, in both ISAs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.aot import assert_bit_exact
from tests.lib.zoo import zoo_tflite
from tinyml_compress.converter import Mode
from tinyml_compress.models import ZOO
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.support.instruction_sets import Isa

Once = Callable[[str, Callable[[Path], None]], Path]
SLOW = ("activity_gru",)
"""Hundreds of nodes, whose plans take seconds; tests/emulated/test_zoo_cores.py runs it in the short run too.
"""
COMPILED = [pytest.param(name, marks=pytest.mark.full) if name in SLOW else name for name in ZOO]
ISAS = {one.value: one.sets for one in Isa}


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("isa", ISAS)
def test_equal_to_tflm(once: Once, name: str, isa: str) -> None:
    """All levels in one set of three; of the others those that differ most: the long run has all."""
    file = zoo_tflite(once, name)
    for level in Level if isa == "dsp" else (Level.SIZE, Level.SPEED):
        assert_bit_exact([file], isas=ISAS[isa], level=level, count=4)


@pytest.mark.full
@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("level", Level)
def test_equal_to_tflm_on_100_random_inputs(once: Once, name: str, isa: str, level: Level) -> None:
    assert_bit_exact([zoo_tflite(once, name)], isas=ISAS[isa], level=level, count=100, seed=3)


@pytest.mark.full
@pytest.mark.parametrize("isa", ISAS)
def test_speech_in_int16_equals_tflm(once: Once, isa: str) -> None:
    file = zoo_tflite(once, "speech_codec", Mode.INT16X8)
    for level in Level:
        assert_bit_exact([file], isas=ISAS[isa], level=level, count=20, seed=4)


@pytest.mark.full
@pytest.mark.parametrize("name", ["digits_cnn", "ds_cnn", "resnet8"])
@pytest.mark.parametrize("isa", ISAS)
def test_int16_activations_equal_tflm(once: Once, name: str, isa: str) -> None:
    file = zoo_tflite(once, name, Mode.INT16X8)
    for level in Level:
        assert_bit_exact([file], isas=ISAS[isa], level=level, count=4)


@pytest.mark.parametrize("name", COMPILED)
def test_plan_is_within_five_percent_of_its_bound(once: Once, name: str) -> None:
    file = zoo_tflite(once, name)
    for isas in ISAS.values():
        for level in (Level.SIZE, Level.BALANCED, Level.SPEED):
            program = compile_model(file, name, isas, level)
            assert program.arena_bytes <= 1.05 * program.plan.lower_bound


@pytest.mark.full
@pytest.mark.parametrize("name", COMPILED)
def test_so_is_the_smallest_one(once: Once, name: str) -> None:
    """Of strips too; there hundreds of forms are planned."""
    for isas in ISAS.values():
        program = compile_model(zoo_tflite(once, name), name, isas, Level.RAM)
        assert program.arena_bytes <= 1.05 * program.plan.lower_bound
