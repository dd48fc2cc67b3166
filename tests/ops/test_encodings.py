"""Weights that are zeros or few numbers, in every encoding at every level: TFLM's bytes, on the host and on
cores.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.emulated.programs import board
from tests.emulated.test_products import assert_equal_on
from tests.lib import layers
from tests.lib.aot import assert_bit_exact, every_isa
from tests.lib.layers import pick
from tests.lib.sanitized import assert_clean
from tests.ops import test_products
from tinyml_compress.frontend import write
from tinyml_compress.ir import Graph
from tinyml_compress.ops._codebook import codebook
from tinyml_compress.ops._sparse import sparse_nibbles, sparse_rows
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.support.instruction_sets import Isa

Rng = np.random.Generator
Maker = Callable[[Rng], Graph]

DSP = Isa.DSP.sets


def pointwise(rng: Rng) -> Graph:
    """Kernels one column wide, channels with few weights and channels without any."""
    return layers.conv(
        rng,
        image=test_products.image(rng, 1, 9),
        in_c=pick(rng, (12, 16, 23, 64, 256)),
        out_c=pick(rng, (1, 3, 8, 16)),
        kernel=(pick(rng, (1, 1, 3)), 1),
        dilation=(1, 1),
        groups=1,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
        density=float(rng.choice([0.02, 0.1, 0.2])),
    )


def clustered(rng: Rng) -> Graph:
    """Weights of few numbers."""
    return layers.conv(
        rng,
        image=test_products.image(rng, 3, 11),
        in_c=pick(rng, (16, 32, 64)),
        out_c=pick(rng, (2, 6, 8, 16)),
        kernel=((1, 1), (3, 3), (3, 2), (2, 3))[rng.integers(4)],
        dilation=(pick(rng, (1, 1, 2)), 1),
        groups=1,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
        clusters=pick(rng, (3, 7, 16)),
    )


def in_blocks(rng: Rng) -> Graph:
    """Weights that are zero by blocks of two outputs and four inputs; now and then some stand far apart."""
    far = bool(rng.random() < 0.2)
    return layers.conv(
        rng,
        image=test_products.image(rng, 1, 9),
        in_c=512 if far else pick(rng, (4, 8, 16, 64)),
        out_c=pick(rng, (2, 6, 8, 16)),
        kernel=(3, 1) if far else ((1, 1), (3, 3), (3, 2))[rng.integers(3)],
        dilation=(1, 1),
        groups=1,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
        density=0.002 if far else float(rng.choice([0.1, 0.3, 0.5])),
        block=(2, 4),
    )


MAKERS: tuple[Maker, ...] = (
    test_products.sparse,
    pointwise,
    clustered,
    test_products.sparse_fully_connected,
    in_blocks,
)


def graphs(salt: int, each: int, makers: tuple[Maker, ...] = MAKERS) -> list[Graph]:
    return [
        make(np.random.default_rng([zlib.crc32(make.__name__.encode()), salt, index]))
        for index in range(each)
        for make in makers
    ]


def encodings(models: list[bytes], isas: tuple[Isa, ...], level: Level) -> set[str]:
    return {node.encoding for model in models for node in compile_model(model, "m", isas, level).nodes}


@pytest.mark.parametrize("level", [Level.SIZE, Level.BALANCED], ids=["size", "balanced"])
def test_sample_equals_tflm(level: Level) -> None:
    models = [write(graph) for graph in graphs(1, 2)]
    assert_bit_exact(models, isas=DSP, level=level, count=1)
    assert encodings(models, DSP, level) > {"sparse-delta8" if level is Level.BALANCED else "sparse-delta4"}


@pytest.mark.full
@every_isa
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many_equal_tflm(isas: tuple[Isa, ...], level: Level) -> None:
    assert_bit_exact([write(graph) for graph in graphs(2, 60)], isas=isas, level=level, count=2)


@pytest.mark.full
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m7", "cortex-m33", "cortex-m0plus", "rv32imc"])
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_on_cores(core: str, level: Level) -> None:
    for salt in range(4):
        assert_equal_on(core, graphs(10 + salt, 4), salt, level)


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_on_a_core(core: str) -> None:
    assert_equal_on(core, [*graphs(3, 2), far_bias()], 1, Level.BALANCED)


def far_bias() -> Graph:
    """A channel that pruning left without weights, and with a bias that no fast path takes."""
    held = layers.conv(
        np.random.default_rng(5),
        image=(6, 6),
        in_c=16,
        out_c=8,
        kernel=(3, 3),
        groups=1,
        plain=True,
        density=0.1,
    )
    tensors = dict(held.tensors)
    weights, bias = (tensors[str(name)] for name in held.nodes[0].inputs[1:])
    assert weights.data is not None
    assert bias.data is not None
    values, added = weights.data.copy(), bias.data.copy()
    values[[2, 5]] = 0
    added[[2, 5]] = (1 << 30) + 5, -(1 << 30)
    for old, new in ((weights, values), (bias, added)):
        new.setflags(write=False)
        tensors[old.name] = replace(old, data=new)
    return replace(held, tensors=tensors)


def test_a_channel_without_weights_keeps_its_layer_sparse() -> None:
    assert encodings([write(far_bias())], DSP, Level.BALANCED) <= {"sparse-delta8", "sparse-blocks"}


@pytest.mark.parametrize("isas", [pytest.param((Isa.C,), marks=pytest.mark.full), DSP], ids=["c", "dsp"])
def test_under_sanitizers(isas: tuple[Isa, ...]) -> None:
    models = [write(graph) for graph in graphs(4, 1)]
    levels = (Level.SIZE, Level.SPEED)
    assert_clean(
        [
            compile_model(m, f"s{level.value}{i}", isas, level)
            for level in levels
            for i, m in enumerate(models)
        ]
    )


def test_blocks_have_a_kernel_of_their_own() -> None:
    """Convolutions and dense layers skip whole blocks; single weights are skipped one by one."""
    known = {"image": (9, 9), "in_c": 32, "out_c": 32, "kernel": (3, 3), "groups": 1, "plain": True}
    made = [
        layers.conv(np.random.default_rng(3), dilation=(1, 1), density=0.2, block=block, **known)
        for block in ((2, 4), (1, 1))
    ]
    assert [encodings([write(graph)], DSP, Level.SPEED) for graph in made] == [
        {"sparse-blocks"},
        {"sparse-delta8"},
    ]


def residual_sized(density: float, clusters: int | None) -> Graph:
    """Layers of the sizes of ResNet-8 and of an autoencoder."""
    rng = np.random.default_rng(9)
    shapes = ((16, 16, 3), (16, 32, 3), (32, 64, 3), (32, 64, 1))
    made = [
        layers.conv(
            rng,
            image=(8, 8),
            in_c=a,
            out_c=b,
            kernel=(k, k),
            stride=(1, 1),
            dilation=(1, 1),
            groups=1,
            plain=True,
            density=density,
            clusters=clusters,
        )
        for a, b, k in shapes
    ]
    last = layers.fully_connected(rng, in_c=128, out_c=128, lead=(1,), plain=True, density=density)
    return layers.merged([*made, last])


def test_code_grows_by_less_than_weights_shrink() -> None:
    """By 4.25 KB at most, for kernels of zeros and of code books alike."""
    device = board("cortex-m4")
    for level in (Level.SIZE, Level.BALANCED):
        code, weights = [], []
        for density, clusters in ((1.0, None), (0.2, None), (1.0, 16)):
            program = compile_model(write(residual_sized(density, clusters)), "m", DSP, level)
            vector = [bytes(port.nbytes) for port in program.inputs]
            flash = emulate(program, device, [vector]).flash
            code.append(flash.kernels + flash.glue)
            weights.append(flash.weights)
        assert max(code) - code[0] <= 4352
        assert weights[1] < 0.5 * weights[0]
        assert weights[2] < 0.75 * weights[0]


# --- the encodings themselves -------------------------------------------------------------------------------


def test_steps_that_are_too_far_are_split() -> None:
    row = np.zeros((1, 600), np.int64)
    row[0, [3, 300, 599]] = [5, -6, 127]
    stream = sparse_rows(row).stream.view(np.uint8).tolist()
    assert stream == [3, 5, 255, 0, 42, 250, 255, 0, 44, 127, 0, 0]
    steps = sparse_nibbles(row).stream.view(np.uint8).reshape(-1)[:-1].reshape(-1, 3)
    assert int((steps[:, 1] & 15).sum() + (steps[:, 1] >> 4).sum()) == 599
    assert int((steps[:, [0, 2]] != 0).sum()) == 3


@pytest.mark.parametrize("clusters", [1, 2, 4, 5, 8, 9, 16])
def test_one_table_and_a_factor_per_row(clusters: int) -> None:
    rng = np.random.default_rng(clusters)
    for _ in range(20):
        scales = rng.uniform(0.5, 4.0, 12)
        centroids = rng.uniform(-60, 60, clusters)
        rows = np.round(centroids[rng.integers(0, clusters, (12, 50))] / scales[:, None]).astype(np.int64)
        found = codebook(rows, tuple(scales.tolist()))
        assert found is not None
        assert 1 << found.bits <= max(4, 2 * clusters)
        if found.factors is None:
            rebuilt = np.take_along_axis(found.table, found.codes, 1)
        else:
            rebuilt = (
                found.table[found.codes] * found.factors[:, None] + (1 << (found.shift - 1))
            ) >> found.shift
        assert np.array_equal(rebuilt, rows)


def test_too_many_numbers_are_no_code_book() -> None:
    assert codebook(np.arange(17, dtype=np.int64)[None, :], (1.0,)) is None
