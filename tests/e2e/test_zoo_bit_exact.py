"""Every zoo model that the engine compiles: generated C equals TensorFlow Lite Micro at every level, in both ISAs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.aot import assert_bit_exact
from tests.lib.zoo import zoo_tflite
from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.models import ZOO
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.pipeline.compilation import compile_model

Once = Callable[[str, Callable[[Path], None]], Path]
NOT_COMPILED = ("activity_lstm",)
"""They hold operators that the engine lacks; their test says so the day it changes."""
COMPILED = [name for name in ZOO if name not in NOT_COMPILED]
ISAS = {"c": (Isa.C,), "dsp": (Isa.C, Isa.DSP)}


@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("isa", ISAS)
def test_equal_to_tflm(once: Once, name: str, isa: str) -> None:
    file = zoo_tflite(once, name)
    for level in Level:
        assert_bit_exact([file], isas=ISAS[isa], level=level, count=4)


@pytest.mark.full
@pytest.mark.parametrize("name", COMPILED)
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("level", Level)
def test_equal_to_tflm_on_100_random_inputs(once: Once, name: str, isa: str, level: Level) -> None:
    assert_bit_exact([zoo_tflite(once, name)], isas=ISAS[isa], level=level, count=100, seed=3)


@pytest.mark.parametrize("name", COMPILED)
def test_plan_is_within_five_percent_of_its_bound(once: Once, name: str) -> None:
    file = zoo_tflite(once, name)
    for isas in ISAS.values():
        for level in Level:
            program = compile_model(file, name, isas, level)
            assert program.arena_bytes <= 1.05 * program.plan.lower_bound


@pytest.mark.parametrize("name", NOT_COMPILED)
def test_what_cannot_be_compiled_is_named(once: Once, name: str) -> None:
    with pytest.raises(UnsupportedOperator):
        compile_model(zoo_tflite(once, name), name)
