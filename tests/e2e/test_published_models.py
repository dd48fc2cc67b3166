"""Published models, when they lie beside the checkout: known bytes, arena bounds, equality with TFLM."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.lib.aot import assert_bit_exact, every_isa
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native
from tinyml_compress.runners.vectors import pattern
from tinyml_compress.support.instruction_sets import Isa

MODELS = Path(__file__).parents[2].parent / "shared" / "models"
PUBLISHED = {
    "kws": ("kws_ref_model.tflite", "808080888080808080808078", 17_000),
    "ic": ("pretrainedResnet_quant.tflite", "8080ab8080808b804a80", 50_500),
    "person": ("person_detect.tflite", "40c0", 39_400),
}


def _read(name: str) -> bytes:
    path = MODELS / PUBLISHED[name][0]
    if not path.is_file():
        pytest.skip(f"{path.name} is not beside this checkout; the zoo's models prove the same")
    return path.read_bytes()


@pytest.mark.parametrize("name", PUBLISHED)
def test_known_output_and_arena(name: str) -> None:
    _, expected, arena = PUBLISHED[name]
    program = compile_model(_read(name), name)
    (port,) = program.inputs
    (output,) = native.load([program])[0].invoke([pattern(port)])
    assert output.tobytes().hex() == expected
    assert program.arena_bytes <= arena


def _is_long(name: str, isa: Isa, level: Level) -> bool:
    """Hundreds of forms are planned."""
    return name == "person" and isa is not Isa.C and level is Level.RAM


@pytest.mark.parametrize(
    ("name", "isas", "level"),
    [
        pytest.param(name, isa.sets, level, marks=[pytest.mark.full] if _is_long(name, isa, level) else [])
        for name, isa, level in product(PUBLISHED, Isa, Level)
    ],
)
def test_equal_to_tflm(name: str, isas: tuple[Isa, ...], level: Level) -> None:
    assert_bit_exact([_read(name)], isas=isas, level=level, count=12)


@pytest.mark.full
@pytest.mark.parametrize("name", PUBLISHED)
@every_isa
@pytest.mark.parametrize("level", Level)
def test_equal_to_tflm_on_100_random_inputs(name: str, isas: tuple[Isa, ...], level: Level) -> None:
    assert_bit_exact([_read(name)], isas=isas, level=level, count=100, seed=7)
