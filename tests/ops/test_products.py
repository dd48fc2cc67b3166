"""Convolutions, fully-connected layers, pools and softmax: TFLM's bytes on seeded random single-operator models."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from tests.lib.aot import assert_bit_exact
from tests.lib.layers import MAKERS
from tinyml_compress.ops.base import Isa, Level

SAMPLE = 16
MANY = 240


def models(op: str, count: int, salt: int) -> list[bytes]:
    return [MAKERS[op](np.random.default_rng([zlib.crc32(op.encode()), salt, index])) for index in range(count)]


@pytest.mark.parametrize("op", list(MAKERS))
@pytest.mark.parametrize("isas", [(Isa.C,), (Isa.C, Isa.DSP)], ids=["c", "dsp"])
def test_sample_equals_tflm(op: str, isas: tuple[Isa, ...]) -> None:
    assert_bit_exact(models(op, SAMPLE, 1), isas=isas, level=Level.SPEED, count=2)


@pytest.mark.full
@pytest.mark.parametrize("op", list(MAKERS))
@pytest.mark.parametrize("isas", [(Isa.C,), (Isa.C, Isa.DSP)], ids=["c", "dsp"])
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many_equal_tflm(op: str, isas: tuple[Isa, ...], level: Level) -> None:
    assert_bit_exact(models(op, MANY, list(Level).index(level)), isas=isas, level=level, count=3)
