"""Convolutions and fully-connected layers with packed int4 weights: TFLM's bytes on seeded random models."""

from __future__ import annotations

import numpy as np
import pytest

from tests.lib import layers
from tests.lib.aot import every_isa
from tests.lib.forms import int4
from tests.lib.graphs import const, quant, single, tensor
from tests.lib.proof import Maker, Rng, pick, prove, refused, sample
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.support.instruction_sets import Isa

BOTH = Isa.DSP.sets


def conv(rng: Rng) -> Graph:
    return layers.conv(rng)


def plain_conv(rng: Rng) -> Graph:
    return layers.conv(rng, plain=True, groups=1)


def depthwise(rng: Rng) -> Graph:
    return layers.depthwise(rng)


def plain_depthwise(rng: Rng) -> Graph:
    return layers.depthwise(rng, plain=True)


def fully_connected(rng: Rng) -> Graph:
    return layers.fully_connected(rng)


def plain_fully_connected(rng: Rng) -> Graph:
    return layers.fully_connected(rng, plain=True)


MAKERS: dict[str, Maker] = {
    "conv": int4(conv),
    "conv_plain": int4(plain_conv),
    "depthwise": int4(depthwise),
    "depthwise_plain": int4(plain_depthwise),
    "fully_connected": int4(fully_connected, one_scale=True),
    "fully_connected_plain": int4(plain_fully_connected, one_scale=True),
}
KERNELS = {
    "conv_plain": "tc_s8_conv_2d_s4__dsp",
    "depthwise_plain": "tc_s8_depthwise_conv_2d_s4_plane__dsp",
    "fully_connected_plain": "tc_s8_fully_connected_s4__dsp",
}


def any_of_them(rng: Rng) -> Graph:
    """For the run under sanitizers."""
    return pick(rng, list(MAKERS.values()))(rng)


@pytest.mark.parametrize("name", MAKERS)
@every_isa
def test_sample_equals_tflm(name: str, isas: tuple[Isa, ...]) -> None:
    sample(MAKERS[name], 5, isas=isas)()


@pytest.mark.full
@pytest.mark.parametrize("name", MAKERS)
@every_isa
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many_equal_tflm(name: str, isas: tuple[Isa, ...], level: Level) -> None:
    prove(MAKERS[name], level, 20, isas=isas)


@pytest.mark.parametrize("name", KERNELS)
def test_dsp_kernels_are_reached(name: str) -> None:
    rng = np.random.default_rng(5)
    made = [compile_model(write(MAKERS[name](rng)), "m", BOTH) for _ in range(6)]
    assert KERNELS[name] in {node.kernel for program in made for node in program.nodes}


def test_weights_take_half_their_bytes() -> None:
    weights = const("weights", np.arange(32 * 64).reshape(32, 64) % 16 - 8, 0.05, dtype=DType.INT4)
    graph = single(
        "FULLY_CONNECTED",
        [tensor("x", (1, 64), 0.1), weights],
        tensor("y", (1, 32), 1.0),
        FullyConnectedAttrs(),
    )
    for isas in ((Isa.C,), BOTH):
        assert compile_model(write(graph), "m", isas).weight_bytes == 32 * 64 // 2


def test_refuses() -> None:
    x, y = tensor("x", (1, 4), 0.1), tensor("y", (1, 2), 0.1)
    per_row = const("weights", np.ones((2, 4)), [0.1, 0.2], axis=0, dtype=DType.INT4)
    refused(single("FULLY_CONNECTED", [x, per_row], y, FullyConnectedAttrs()), "one scale")
    wide = Tensor("x", (1, 4), DType.INT16, quant(0.1)), Tensor("y", (1, 2), DType.INT16, quant(0.1))
    weights = const("weights", np.ones((2, 4)), 0.1, dtype=DType.INT4)
    refused(
        single("FULLY_CONNECTED", [wide[0], weights], wide[1], FullyConnectedAttrs()), "the weights", "i8"
    )
