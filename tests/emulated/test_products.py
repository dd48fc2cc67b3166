"""The kernels of convolutions and fully-connected layers on emulated cores: assembly where the host runs its
C twin.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.emulated.programs import board
from tests.lib.layers import MAKERS, merged
from tests.ops.test_products import KERNELS, ON_HELIUM, seeded
from tinyml_compress.devices import Region
from tinyml_compress.frontend import write
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import tflm
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed


def _grown(region: Region, nbytes: int) -> Region:
    return replace(region, nbytes=nbytes)


def assert_equal_on(core: str, graphs: list[Graph], seed: int, level: Level = Level.SPEED) -> None:
    """All graphs side by side in one firmware give TFLM's bytes, with no access that the core
    would refuse.
    """
    model = write(merged(graphs))
    device = board(core)
    if core == "cortex-m3":  # its board is too small for so many models at once
        device = replace(
            device, flash=(_grown(device.flash[0], 1 << 20),), ram=(_grown(device.ram[0], 256 << 10),)
        )
    program = compile_model(model, "m", device.core.kernels, level)
    vectors = list(mixed(program.inputs, seed, 2))
    oracle = tflm.Interpreter(model)
    ran = emulate(program, device, [[np.asarray(value).tobytes() for value in vector] for vector in vectors])
    for vector, outputs in zip(vectors, ran.outputs, strict=True):
        for index, (want, got) in enumerate(zip(oracle.invoke(vector), outputs, strict=True)):
            assert want.tobytes() == got, (core, program.nodes[index].kernel, program.nodes[index].shape)


def graphs(salt: int, each: int) -> list[Graph]:
    makers = [*{**KERNELS, **ON_HELIUM}, *MAKERS.values()]
    return [seeded(make, salt, index) for index in range(each) for make in makers]


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m55"])
def test_each_kernel(core: str) -> None:
    assert_equal_on(core, graphs(11, 1), 3)


@pytest.mark.full
@pytest.mark.parametrize(
    "core", ["cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "cortex-m0plus", "cortex-m3", "rv32imc"]
)
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many_of_each_kernel(core: str, level: Level) -> None:
    for salt in range(4):
        assert_equal_on(core, graphs(20 + salt, 2), salt, level)
