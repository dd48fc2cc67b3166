"""The kernels of convolutions and fully-connected layers on emulated cores: assembly where the host runs its
C twin.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.emulated.programs import board
from tests.lib import layers
from tests.lib.layers import MAKERS, merged
from tests.ops.test_products import KERNELS, ON_HELIUM, seeded
from tinyml_compress.devices import Region
from tinyml_compress.frontend import write
from tinyml_compress.ir import Graph
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import tflm
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed


def _grown(region: Region, nbytes: int) -> Region:
    return replace(region, nbytes=nbytes)


def assert_equal_on(
    core: str, graphs: list[Graph], seed: int, level: Level = Level.SPEED, toolchain: str | None = None
) -> None:
    """Graphs side by side in one firmware give TFLM's bytes, with no access that the core would refuse.

    At `ram` two at a time: forms in strips are looked for over all nodes, and each is packed; no net has a
    hundred tensors that all live at once.
    """
    each = 2 if level is Level.RAM else len(graphs)
    for first in range(0, len(graphs), each):
        _assert_equal(core, graphs[first : first + each], seed, level, toolchain)


def _assert_equal(core: str, graphs: list[Graph], seed: int, level: Level, toolchain: str | None) -> None:
    model = write(merged(graphs))
    device = board(core)
    if core == "cortex-m3":  # its board is too small for so many models at once
        device = replace(
            device, flash=(_grown(device.flash[0], 1 << 20),), ram=(_grown(device.ram[0], 256 << 10),)
        )
    program = compile_model(model, "m", device.core.kernels, level)
    vectors = list(mixed(program.inputs, seed, 2))
    oracle = tflm.Interpreter(model)
    given = [[np.asarray(value).tobytes() for value in vector] for vector in vectors]
    ran = emulate(program, device, given, toolchain=toolchain)
    for vector, outputs in zip(vectors, ran.outputs, strict=True):
        for index, (want, got) in enumerate(zip(oracle.invoke(vector), outputs, strict=True)):
            assert want.tobytes() == got, (core, program.nodes[index].kernel, program.nodes[index].shape)


def graphs(salt: int, each: int) -> list[Graph]:
    makers = [*{**KERNELS, **ON_HELIUM}, *MAKERS.values()]
    return [seeded(make, salt, index) for index in range(each) for make in makers]


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m55"])
def test_each_kernel(core: str) -> None:
    assert_equal_on(core, graphs(11, 1), 3)


def test_two_instructions_at_a_time() -> None:
    """Every place where loops of pairs are entered, in the form for a core that issues two."""
    rng = np.random.default_rng(5)
    convs = [
        layers.conv(
            rng,
            image=(3, 3),
            in_c=in_c,
            out_c=8,
            kernel=(side, side),
            stride=(1, 1),
            dilation=(1, 1),
            groups=1,
            plain=True,
        )
        for side, widths in ((1, range(4, 72, 4)), (3, (8, 16, 24, 40)))
        for in_c in widths
    ]
    lines = [
        layers.depthwise(
            rng, image=(side, side), in_c=4, multiplier=1, kernel=(3, 3), stride=(1, 1), plain=True
        )
        for side in range(4, 12)
    ]
    assert_equal_on("cortex-m7", [*convs, *lines], 2)


def test_helium_multiplies_densely() -> None:
    """Sums stay in registers: of the instructions per MAC that the inner loops need little is lost."""
    rng = np.random.default_rng(4)
    wide = layers.conv(
        rng,
        image=(10, 10),
        in_c=32,
        out_c=32,
        kernel=(3, 3),
        stride=(1, 1),
        dilation=(1, 1),
        groups=1,
        plain=True,
    )
    dense = layers.fully_connected(rng, in_c=512, out_c=64, lead=(1,), plain=True)
    device = board("cortex-m55")
    for graph, most in ((wide, 0.17), (dense, 0.17)):
        program = compile_model(write(graph), "m", device.core.kernels, Level.SPEED)
        ran = emulate(program, device, [[bytes(port.nbytes) for port in program.inputs]])
        assert ran.counts is not None
        macs = sum(operator(view.node.op).macs(view) for view in graph.views())
        assert ran.counts.instructions < most * macs


@pytest.mark.full
@pytest.mark.parametrize(
    "core", ["cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "cortex-m0plus", "cortex-m3", "rv32imc"]
)
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many_of_each_kernel(core: str, level: Level) -> None:
    for salt in range(4):
        assert_equal_on(core, graphs(20 + salt, 2), salt, level)
