"""Convolutions, fully-connected layers and pools with int16 activations: TFLM's bytes on seeded random
models.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.lib import layers
from tests.lib.aot import assert_bit_exact, every_isa
from tests.lib.forms import int16
from tests.lib.proof import Maker, Rng, pick, prove, refused, sample
from tests.ops.test_products import columns
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.support.instruction_sets import Isa

BOTH = Isa.DSP.sets


def conv(rng: Rng) -> Graph:
    return columns(rng) if rng.random() < 0.2 else layers.conv(rng)


def depthwise(rng: Rng) -> Graph:
    return layers.depthwise(rng)


def fully_connected(rng: Rng) -> Graph:
    return layers.fully_connected(rng)


def long_sums(rng: Rng) -> Graph:
    """Beyond 32 bits, so that the DSP kernels add up in parts."""
    if rng.random() < 0.5:
        return layers.conv(
            rng, image=(2, 3), in_c=pick(rng, (700, 701)), out_c=3, kernel=(1, 1), groups=1, batch=1
        )
    return layers.fully_connected(rng, in_c=pick(rng, (1201, 2050)), out_c=pick(rng, (3, 4)), lead=(1,))


MAKERS: dict[str, Maker] = {
    "conv": int16(conv),
    "conv_without_bias": int16(conv, None),
    "conv_narrow": int16(conv, DType.INT32),
    "depthwise": int16(depthwise),
    "depthwise_without_bias": int16(depthwise, None),
    "fully_connected": int16(fully_connected),
    "fully_connected_without_bias": int16(fully_connected, None),
    "fully_connected_narrow": int16(fully_connected, DType.INT32),
    "long_sums": int16(long_sums),
    "average_pool": int16(layers.average_pool),
    "max_pool": int16(layers.max_pool),
}


KERNELS = {
    "conv": "tc_s16_conv_2d__dsp",
    "depthwise": "tc_s16_depthwise_conv_2d_plane__dsp",
    "fully_connected": "tc_s16_fully_connected__dsp",
    "long_sums": "tc_s16_fully_connected__dsp",
}


def any_of_them(rng: Rng) -> Graph:
    """For the run under sanitizers."""
    return pick(rng, list(MAKERS.values()))(rng)


@pytest.mark.parametrize("name", MAKERS)
def test_sample_equals_tflm(name: str) -> None:
    sample(MAKERS[name], 6, isas=BOTH)()


@pytest.mark.full
@pytest.mark.parametrize("name", MAKERS)
@every_isa
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many_equal_tflm(name: str, isas: tuple[Isa, ...], level: Level) -> None:
    prove(MAKERS[name], level, 24, isas=isas)


def test_few_outputs() -> None:
    """A single output has no pair for the kernel that takes two at a time."""
    sizes = [(in_c, out_c) for in_c in (1, 2, 3, 4, 9, 31, 33, 64, 130) for out_c in (1, 2, 3)]
    graphs = [
        int16(lambda rng, in_c=in_c, out_c=out_c: layers.fully_connected(rng, in_c=in_c, out_c=out_c))(
            np.random.default_rng([in_c, out_c])
        )
        for in_c, out_c in sizes
    ]
    assert_bit_exact([write(graph) for graph in graphs], isas=BOTH, count=2)


def test_depthwise_with_int32_bias_is_refused() -> None:
    graphs = (int16(depthwise, DType.INT32)(np.random.default_rng(index)) for index in range(20))
    refused(next(graph for graph in graphs if len(graph.nodes[0].inputs) == 3), "bias", "i64")


@pytest.mark.parametrize("name", KERNELS)
def test_dsp_kernels_are_reached(name: str) -> None:
    rng = np.random.default_rng(5)
    made = [compile_model(write(MAKERS[name](rng)), "m", BOTH) for _ in range(6)]
    assert KERNELS[name] in {node.kernel for program in made for node in program.nodes}
