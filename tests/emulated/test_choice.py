"""Kernels are chosen by estimates; hardly any that was passed over is faster, of any layer on any core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.emulated.programs import board
from tests.lib.nets import NETS
from tests.lib.zoo import zoo_tflite
from tinyml_compress.devices import Device
from tinyml_compress.ir import Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.measure.kinds.board import _nodes
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.schedule import Asked

Once = Callable[[str, Callable[[Path], None]], Path]
CORES = ("cortex-m0plus", "cortex-m3", "cortex-m33", "cortex-m4", "cortex-m7", "rv32imc")
LITTLE = 0.001
"""Of a net's cycles: what a layer may lose. Compilers build the numbers of a layer into a kernel that no
other has, which no estimate knows.
"""
SPENT = 0.003
"""Of a net's cycles: what all its layers together may lose. Prices are fitted to some hundred layers and miss
single ones by 2 to 5%, so of two kernels within half a percent of each other the slower may be taken.
"""
QUICK = ("residual", "cortex-m7")
ZOO = ("ds_cnn", "resnet8", "mobilenet_v1_025", "digits_cnn", "speech_codec", "autoencoder")


def roomy(core: str) -> Device:
    """A board of that core where slow kernels with large weights fit too."""
    device = board(core)
    flash, ram = (replace(one, nbytes=4 << 20) for one in (device.flash[0], device.ram[0]))
    return replace(device, flash=(flash,), ram=(ram,))


def assert_fastest(file: bytes, core: str) -> None:
    """With the fastest kernel for each node the net would take hardly fewer modelled cycles there."""
    device = roomy(core)

    def made(asked: tuple[Asked, ...]) -> Program:
        core = device.core
        return compile_model(file, "m", core.kernels, Level.SPEED, asked, prices=core.prices)

    def cycles(program: Program) -> dict[str, int]:
        vector = next(iter(mixed(program.inputs, 1, 1)))
        done = emulate(program, device, [[value.tobytes() for value in vector]], optimize="-O3")
        return {cost.name: cost.cycles for cost in _nodes(program, device, done)}  # the order is each plan's

    chosen = made(())
    own, compared = cycles(chosen), 0
    best = dict(own)
    for family in sorted({one.family for node in chosen.nodes for one in node.options}):
        able = [
            node
            for node in chosen.nodes
            if node.family != family and family in {one.family for one in node.options}
        ]
        if able:
            other = cycles(made(tuple((node.name, family) for node in able)))
            compared += len(able)
            for node in able:
                best[node.name] = min(best[node.name], other[node.name])
    assert compared
    assert sum(own.values()) <= (1 + SPENT) * sum(best.values()), core
    little = LITTLE * sum(best.values())
    lost = {name: cycles / best[name] for name, cycles in own.items() if cycles > 1.03 * best[name] + little}
    assert not lost, core


@pytest.mark.parametrize(
    ("name", "core"),
    [
        pytest.param(name, core, marks=() if (name, core) == QUICK else pytest.mark.full)
        for name in ("keyword", "residual")
        for core in CORES
    ],
)
def test_no_other_kernel_is_faster(name: str, core: str) -> None:
    assert_fastest(NETS[name](), core)


@pytest.mark.full
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", ZOO)
def test_nor_in_the_zoo(name: str, core: str, once: Once) -> None:
    assert_fastest(zoo_tflite(once, name), core)
