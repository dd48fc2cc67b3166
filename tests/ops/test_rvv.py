"""Vectors of RISC-V: on any host their twins in plain C, under QEMU the instructions themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.lib import layers
from tests.lib.aot import assert_bit_exact
from tests.lib.nets import NETS
from tests.lib.zoo import zoo_tflite
from tests.ops import test_products
from tinyml_compress import passes
from tinyml_compress.devices import load_core
from tinyml_compress.frontend import read, write
from tinyml_compress.ir import Graph
from tinyml_compress.models import ZOO
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.work import work
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.results import Measurement, NodeCost
from tinyml_compress.runners.emulated import qemu
from tinyml_compress.support.instruction_sets import Isa

Once = Callable[[str, Callable[[Path], None]], Path]
BOARD = "generic-rv32-v128"
BOARDS = (BOARD, "k230")
"""Of 32 and of 64 bits."""
needs_qemu = pytest.mark.skipif(
    not all(qemu.available(qemu.program_of(load_core(core))) for core in ("rv32-v128", "c908")),
    reason="qemu-system-riscv32 and qemu-system-riscv64 are not installed here",
)


def _dense(rng: np.random.Generator) -> Graph:
    sizes = {"in_c": int(rng.integers(1, 70)), "out_c": int(rng.integers(1, 40))}
    return layers.fully_connected(rng, **sizes, plain=True)


def _conv(rng: np.random.Generator) -> Graph:
    kernel = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    sizes = {"in_c": int(rng.integers(1, 20)), "out_c": int(rng.integers(1, 40))}
    return layers.conv(rng, image=(7, 6), kernel=kernel, groups=1, plain=True, **sizes)


def _depthwise(rng: np.random.Generator) -> Graph:
    return test_products.depthwise_3x3(rng)


KERNELS: dict[Callable[[np.random.Generator], Graph], str] = {
    _dense: "tc_s8_fully_connected_lanes__rvv",
    _conv: "tc_s8_conv_2d_lanes__rvv",
    _depthwise: "tc_s8_depthwise_conv_2d_vectors__rvv",
}


def _models(make: Callable[[np.random.Generator], Graph], count: int) -> list[bytes]:
    """Layers that the kernel takes: those without a weight of -128, which no converter makes."""
    models: list[bytes] = []
    for seed in range(1000, 1000 + 40 * count):
        model = write(make(np.random.default_rng(seed)))
        nodes = compile_model(model, "m", Isa.RVV.sets, Level.SPEED).nodes
        if any(node.kernel == KERNELS[make] for node in nodes):
            models.append(model)
            if len(models) == count:
                return models
    raise AssertionError(f"only {len(models)} layers for {KERNELS[make]}")


@pytest.mark.parametrize("make", KERNELS, ids=KERNELS.get)
def test_twins_have_the_bytes_of_tensorflow_lite_micro(make: Callable[[np.random.Generator], Graph]) -> None:
    assert_bit_exact(_models(make, 8), isas=Isa.RVV.sets, level=Level.SPEED, count=2)


def _assert_prices(model: bytes, nodes: Sequence[NodeCost]) -> None:
    """What kernels are chosen by is what they take."""
    views = {view.node.name: view for view in passes.run(read(model, "net"), passes.PASSES).views()}
    priced = counted = 0.0
    for node in nodes:
        if node.kernel in KERNELS.values():
            view = views[node.name]
            (row,) = (one for one in operator(view.node.op).variants if one.symbol == node.kernel)
            assert row.counts is not None
            priced += work(row.symbol, row.counts(view)).instructions
            counted += node.instructions
    assert priced == pytest.approx(counted, rel=0.15)


def _assert_right(model: bytes, vectors: int) -> tuple[Measurement, ...]:
    first, second = measured(model, BenchmarkRequest(BOARDS, vectors=vectors)).runs
    for run in (first, second):
        assert run.error is None, run.error
        assert run.bit_exact is not None
        assert run.bit_exact.mismatches == 0
    kernels = [[node.kernel for node in run.nodes or ()] for run in (first, second)]
    assert kernels[0] == kernels[1]
    assert second.instructions == pytest.approx(first.instructions, rel=0.15)
    return first, second


@needs_qemu
def test_a_net_under_qemu_has_the_bytes_of_tensorflow_lite_micro() -> None:
    runs = _assert_right(NETS["keyword"](), 2)
    assert {KERNELS[_conv], KERNELS[_depthwise]} <= {node.kernel for node in runs[0].nodes or ()}
    _assert_prices(NETS["keyword"](), runs[0].nodes or ())


@needs_qemu
@pytest.mark.full
@pytest.mark.parametrize("make", KERNELS, ids=KERNELS.get)
def test_layers_under_qemu_have_the_bytes_of_tensorflow_lite_micro(
    make: Callable[[np.random.Generator], Graph],
) -> None:
    for model in _models(make, 20):
        _assert_right(model, 4)


@needs_qemu
@pytest.mark.full
@pytest.mark.parametrize("name", NETS)
def test_nets_under_qemu(name: str) -> None:
    _assert_right(NETS[name](), 6)


@needs_qemu
@pytest.mark.full
@pytest.mark.parametrize("name", list(ZOO))
def test_each_net_of_the_zoo_under_qemu(once: Once, name: str) -> None:
    _assert_right(zoo_tflite(once, name), 2)


def test_without_qemu_the_row_says_so(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(NETS["autoencoder"]())
    words = [sys.executable, "-m", "tinyml_compress", "benchmark", path, "--target", BOARD, "--vectors", "1"]
    done = subprocess.run(
        words, env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "QEMU is not installed: qemu-system-riscv32" in done.stderr
    assert BOARD in measured(NETS["autoencoder"](), BenchmarkRequest(("all",), engine="tflm")).notes[0]
