"""Nets and layers on emulated cores of Linux machines give TFLM's bytes: with vectors of AArch64, with and
without dot products, and on Armv7-A.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulated.programs import ADD_THEN_SUM, board, counted, program
from tests.emulated.test_products import assert_equal_on
from tests.emulated.test_zoo_cores import assert_equal_on as assert_net_equal_on
from tests.lib.zoo import zoo_tflite
from tests.ops.test_aarch64 import ON_AARCH64, narrow
from tinyml_compress.devices import CostClass
from tinyml_compress.models import ZOO
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed

Once = Callable[[str, Callable[[Path], None]], Path]
CORES = ("cortex-a53", "cortex-a72", "cortex-a55", "cortex-a76", "cortex-a8")
MOST = {"cortex-a76": 0.25, "cortex-a72": 0.45}
"""Instructions per multiplication of convolutions, with dot products and without."""


@pytest.mark.parametrize("core", CORES)
def test_a_small_program(core: str) -> None:
    ran = counted(program(ADD_THEN_SUM), core)
    assert int.from_bytes(ran.outputs[0], "little", signed=True) == sum(range(16)) - 1
    assert ran.counts is not None
    assert ran.counts.nodes[1].instructions > 0


@pytest.mark.parametrize("core", ["cortex-a53", "cortex-a76"])
def test_kernels_at_any_size(core: str) -> None:
    graphs = [narrow(make, 9, index) for index in range(2) for make in ON_AARCH64]
    assert_equal_on(core, graphs, 1)


@pytest.mark.full
@pytest.mark.parametrize("core", MOST)
def test_convolutions_take_few_instructions(once: Once, core: str) -> None:
    file = zoo_tflite(once, "resnet8")
    device = board(core)
    made = compile_model(file, "m", device.core.kernels, prices=device.core.prices)
    vector = next(iter(mixed(made.inputs, 5, 0)))
    counts = emulate(made, device, [[value.tobytes() for value in vector]]).counts
    convs = [at for at, node in enumerate(made.nodes) if node.op == "CONV_2D"]
    instructions = sum(counts.nodes[at].instructions for at in convs)
    assert instructions <= MOST[core] * sum(made.nodes[at].macs for at in convs)
    assert counts.nodes[convs[0]].classes[CostClass.VECTOR_MULTIPLY] > 0


def test_a_net_of_the_zoo(once: Once) -> None:
    assert_net_equal_on(zoo_tflite(once, "digits_cnn"), "cortex-a76", Level.BALANCED, 2)


@pytest.mark.full
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", list(ZOO))
def test_each_net_of_the_zoo(once: Once, name: str, core: str) -> None:
    assert_net_equal_on(zoo_tflite(once, name), core, Level.BALANCED, 2)
