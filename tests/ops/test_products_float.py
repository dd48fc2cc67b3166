"""Convolutions, fully-connected layers and pools in float32: TFLM's bytes, whose order of sums the kernels
keep.
"""

from __future__ import annotations

import pytest

from tests.lib import layers
from tests.lib.forms import float32
from tests.lib.proof import Maker, Rng, pick, prove, sample
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Level


def conv(rng: Rng) -> Graph:
    return layers.conv(rng)


def depthwise(rng: Rng) -> Graph:
    return layers.depthwise(rng)


def fully_connected(rng: Rng) -> Graph:
    return layers.fully_connected(rng)


MAKERS: dict[str, Maker] = {
    "conv": float32(conv),
    "depthwise": float32(depthwise),
    "fully_connected": float32(fully_connected),
    "average_pool": float32(layers.average_pool),
    "max_pool": float32(layers.max_pool),
}


def any_of_them(rng: Rng) -> Graph:
    """For the run under sanitizers."""
    return pick(rng, list(MAKERS.values()))(rng)


@pytest.mark.parametrize("name", MAKERS)
def test_sample_equals_tflm(name: str) -> None:
    sample(MAKERS[name], 6)()


@pytest.mark.full
@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many_equal_tflm(name: str, level: Level) -> None:
    prove(MAKERS[name], level, 30)
