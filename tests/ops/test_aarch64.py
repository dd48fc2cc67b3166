"""The kernels with vectors of AArch64: on this host their twins in plain C give TFLM's bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.lib import layers
from tests.lib.aot import assert_bit_exact
from tests.ops.test_products import Maker, Rng, fully_connected, image, pick, seeded, single_taps
from tinyml_compress.frontend import write
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.support.instruction_sets import Isa


def any_window(rng: Rng) -> Graph:
    return layers.conv(
        rng,
        image=image(rng, 3, 12),
        in_c=pick(rng, (1, 2, 3, 5, 8, 16, 18, 33)),
        out_c=pick(rng, (1, 3, 4, 6, 8, 17)),
        kernel=(pick(rng, (1, 2, 3, 3, 5)), pick(rng, (2, 3, 3, 4))),
        groups=1,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
    )


def depthwise(rng: Rng) -> Graph:
    return layers.depthwise(
        rng,
        image=image(rng, 3, 12),
        in_c=pick(rng, (8, 9, 13, 16, 17, 24, 31, 40)),
        multiplier=1,
        plain=True,
    )


ON_AARCH64: dict[Maker, str] = {
    fully_connected: "tc_s8_fully_connected_rows__neon",
    single_taps: "tc_s8_conv_2d_in_place__neon",
    any_window: "tc_s8_conv_2d_windows__neon",
    depthwise: "tc_s8_depthwise_conv_2d_lanes__neon",
}
"""Layers of any size, and the kernel that most of them have."""


def narrow(make: Maker, salt: int, index: int) -> Graph:
    """A layer without weights of -128, as converters make them."""
    graph = seeded(make, salt, index)
    name = graph.nodes[0].inputs[1]
    assert name is not None
    weights = graph.tensors[name]
    kept = replace(weights, data=np.maximum(weights.constant, -127))
    return replace(graph, tensors={**graph.tensors, name: kept})


def _some(make: Maker, salt: int, count: int) -> list[bytes]:
    return [write(narrow(make, salt, index)) for index in range(count)]


@pytest.mark.parametrize("make", list(ON_AARCH64), ids=lambda make: make.__name__)
def test_at_any_size(make: Maker) -> None:
    models = _some(make, 7, 6)
    programs = [compile_model(model, "m", Isa.NEON.sets, Level.SPEED) for model in models]
    taken = [program.nodes[0].kernel == ON_AARCH64[make] for program in programs]
    assert any(taken)
    assert_bit_exact(models, isas=Isa.NEON.sets, level=Level.SPEED, count=2)


def test_a_weight_of_minus_128_is_left_to_plain_c() -> None:
    """Two products of it and -128 do not fit into 16 bits."""
    graph = narrow(fully_connected, 7, 5)
    name = graph.nodes[0].inputs[1]
    assert name is not None
    weights = graph.tensors[name]
    changed = weights.constant.copy()
    changed.flat[0] = -128
    other = replace(graph, tensors={**graph.tensors, name: replace(weights, data=changed)})
    kernels = [
        compile_model(write(one), "m", Isa.NEON.sets, Level.SPEED).nodes[0].kernel for one in (graph, other)
    ]
    assert [kernel.endswith("__neon") for kernel in kernels] == [True, False]


@pytest.mark.full
@pytest.mark.parametrize("make", list(ON_AARCH64), ids=lambda make: make.__name__)
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many(make: Maker, level: Level) -> None:
    assert_bit_exact(_some(make, 8, 100), isas=Isa.NEON.sets, level=level, count=3)
