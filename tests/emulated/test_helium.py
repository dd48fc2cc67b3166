"""Nets and operators with Helium's kernels on an emulated Cortex-M55 give TFLM's bytes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.emulated.programs import board
from tests.emulated.test_products import assert_equal_on
from tests.emulated.test_zoo_cores import assert_equal_on as assert_net_equal_on
from tests.lib import layers
from tests.lib.layers import merged
from tests.lib.zoo import zoo_tflite
from tests.ops import test_pad
from tests.ops.test_helium import TAKEN
from tests.ops.test_products import ON_HELIUM, seeded
from tinyml_compress.frontend import write
from tinyml_compress.ir import Graph
from tinyml_compress.models import ZOO
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import toolchain
from tinyml_compress.support.resources import package_folder

Once = Callable[[str, Callable[[Path], None]], Path]
CORE = "cortex-m55"


def graphs(salt: int, each: int) -> list[Graph]:
    return [make(np.random.default_rng([salt, index])) for index in range(each) for make in TAKEN]


def test_operators() -> None:
    assert_equal_on(CORE, graphs(1, 2), 1)


@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")
def test_operators_compiled_with_gcc() -> None:
    products = [seeded(make, 3, index) for index in range(2) for make in ON_HELIUM]
    assert_equal_on(CORE, [*graphs(7, 1), *products], 1, toolchain="gcc")


def test_kernels_that_one_layer_uses_alone() -> None:
    """The compiler builds the layer's numbers in, which leaves other registers."""
    alone = {graph.nodes[0].op: graph for graph in (seeded(make, 3, 0) for make in ON_HELIUM)}
    pixels = layers.conv(
        np.random.default_rng(3), image=(6, 3), in_c=16, out_c=16, kernel=(1, 1), stride=(1, 1), groups=1
    )
    for graph in (*alone.values(), pixels):
        assert_equal_on(CORE, [graph], 1)


def test_rows_shorter_than_a_vector() -> None:
    """One predicate for all rows: a compiler that computes it anew in their loop ends that too early."""
    assert_equal_on(CORE, [test_pad.make(np.random.default_rng([7, index])) for index in range(4)], 1)


@pytest.mark.full
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
@pytest.mark.parametrize("salt", range(2, 6))
def test_many_operators(level: Level, salt: int) -> None:
    assert_equal_on(CORE, graphs(salt, 6), salt, level)


@pytest.mark.full
@pytest.mark.parametrize("name", list(ZOO))
def test_each_net_of_the_zoo(once: Once, name: str) -> None:
    for level in Level:
        assert_net_equal_on(zoo_tflite(once, name), CORE, level, 2)


def test_loops_are_the_hardware_s() -> None:
    """Each kernel has low-overhead loops, or what it calls has."""
    program = compile_model(write(merged(graphs(1, 6))), "m", board(CORE).core.kernels, Level.SPEED)
    flags = (*board(CORE).core.compilers["zig"], "-O2", "-g0", "-ffreestanding", "-S", "-w")
    files = {
        **program.files,
        "string.h": (package_folder("tinyml_compress.runners.emulated.c") / "string.h").read_text(),
    }
    job = toolchain.Build(toolchain.zig(), files, "m.s", (*flags, "-I."), sources=("m.c",))
    functions = re.split(r"^([\w.]+):\s+@ @\1$", toolchain.build(job).read_text(), flags=re.MULTILINE)
    found = dict(zip(functions[1::2], functions[2::2], strict=True))
    kernels = [node.kernel for node in program.nodes if node.kernel.endswith("__mve")]
    used = {
        kernel for kernel in kernels if kernels.count(kernel) > 2
    }  # the size of a single node is a constant
    assert len(used) > 8
    for kernel in used:
        called = re.findall(r"\tbl\t(\w+)", found[kernel])
        text = found[kernel] + "".join(found.get(name, "") for name in called)
        assert re.search(r"\tle(tp)?\tlr, ", text), kernel
