"""Layers by strips: TensorFlow Lite Micro's bytes, and a proof that finds what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.emulated.programs import board
from tests.lib import sanitized
from tests.lib.aot import assert_same
from tests.lib.chains import seeded
from tests.lib.graphs import const, graph, quant, single, tensor
from tests.lib.layers import merged
from tinyml_compress import frontend, passes
from tinyml_compress.errors import PlanError
from tinyml_compress.frontend import write
from tinyml_compress.fusion import Fusion, StripForm, by_rows, fused
from tinyml_compress.ir import Attrs, ByRows, DType, Graph, Node, Program, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.ops.strips.node import strips_attrs
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.plan.rings import check_rings
from tinyml_compress.runners import tflm
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.schedule import usual_prices
from tinyml_compress.support.instruction_sets import Isa

_HEIGHTS = ((1, 1), (1, 2), (2, 2), (3, 4))
_FORMS = [StripForm(last, most, scratch) for last, most in _HEIGHTS for scratch in (600, None)]
_TOGETHER = 12
"""Nets in one run of the compiler: their kernels, each with its own numbers, take it minutes."""


def _by_strips(given: Graph, isas: tuple[Isa, ...], seed: int, ends: bool = True) -> Graph:
    """Some run of its nodes, in some form, its ends by rows or not; the graph as it is where none can."""
    rng = np.random.default_rng(seed)
    graph = by_rows(given, [one for one in ByRows if ends and rng.integers(2)])
    fusion = Fusion(graph, isas, usual_prices(isas))
    runs = fusion.runs()
    if not runs:
        return graph
    start, end = runs[rng.integers(len(runs))]
    first = int(rng.integers(start, end))
    stop = int(rng.integers(first + 1, end + 1))
    node = fusion.node(first, stop, _FORMS[rng.integers(len(_FORMS))])
    return graph if node is None else fused(graph, first, stop, node)


def _programs(models: Sequence[bytes], isas: tuple[Isa, ...], seed: int) -> list[Program]:
    return [
        compile_graph(
            frontend.read(model, f"m{index}"),
            f"m{index}",
            model_sha256="0" * 64,
            isas=isas,
            level=Level.SPEED,
            using=(*passes.PASSES, lambda graph, index=index: _by_strips(graph, isas, seed + index)),
        )
        for index, model in enumerate(models)
    ]


def _prove(seeds: range, isa: Isa) -> None:
    models = [write(seeded(seed)) for seed in seeds]
    programs = _programs(models, isa.sets, seeds.start)
    assert sum(node.op == "STRIPS" for one in programs for node in one.nodes) > len(models) // 2
    for at in range(0, len(models), _TOGETHER):
        own = slice(at, at + _TOGETHER)
        assert_same(models[own], programs[own], count=3, seed=seeds.start + at)


@pytest.mark.parametrize("isa", [Isa.C, Isa.DSP], ids=["c", "dsp"])
def test_random_chains(isa: Isa) -> None:
    _prove(range(12), isa)


def _two_convolutions() -> bytes:
    """3x3 of three channels, then pointwise; outputs from -128 on, as behind a ReLU."""
    rng = np.random.default_rng(5)
    tensors = [tensor("x", (1, 16, 16, 3), 0.05, -3)]
    nodes: list[Node] = []
    for number, (kernel, channels) in enumerate(((3, 8), (1, 12))):
        given, scales = tensors[-1], list(rng.uniform(0.002, 0.01, channels))
        weights = rng.integers(-127, 128, (channels, kernel, kernel, given.shape[3]))
        biases = list(np.array(scales) * (0.05, 0.06)[number])
        tensors += [
            const(f"w{number}", weights, scales, axis=0),
            const(f"b{number}", rng.integers(-4000, 4000, channels), biases, dtype=DType.INT32),
            tensor(f"t{number}", (1, 16, 16, channels), 0.06, -128),
        ]
        names = (given.name, f"w{number}", f"b{number}")
        attrs = Conv2DAttrs(padding=Padding.SAME, activation=Activation.RELU)
        nodes.append(Node("CONV_2D", names, (f"t{number}",), attrs, f"conv_{number}"))
    return write(graph(tensors, nodes, ["x"], ["t1"]))


def test_strips_take_the_kernels_of_scaled_sums() -> None:
    device, model = board("cortex-m4"), _two_convolutions()
    isas = device.core.kernels
    symbols: set[str] = set()

    def all_rows(given: Graph) -> Graph:
        node = Fusion(given, isas, usual_prices(isas)).node(0, 2, StripForm(1, 2, None))
        assert node is not None
        whole = fused(given, 0, 2, node)
        symbols.update(strip.variant.symbol for strip in strips_attrs(whole.view(node)).strips)
        return whole

    program = compile_graph(
        frontend.read(model, "m"),
        "m",
        model_sha256="0" * 64,
        isas=isas,
        using=(*passes.PASSES, all_rows),
    )
    assert "tc_s8_conv_2d_bytes_staged_scaled__dsp" in symbols
    assert_same([model], [program])
    vectors = list(mixed(program.inputs, 1, 2))
    done = emulate(program, device, [[value.tobytes() for value in vector] for vector in vectors])
    oracle = tflm.Interpreter(model)
    for vector, outputs in zip(vectors, done.outputs, strict=True):
        assert [value.tobytes() for value in oracle.invoke(vector)] == list(outputs)


_SPREAD = ((1, 1, 3, 4), (3, 4), (4,), (1, 5, 1, 4), (1, 1, 1, 1), (5, 3, 4))


def _of_two(op: str, attrs: Attrs, spread: tuple[int, ...], is_const: bool, is_first: bool) -> Graph:
    """A node on five rows and what is spread over them; int8, an int8 or boolean output."""
    own = Tensor("own", (1, 5, 3, 4), DType.INT8, quant(0.05, 3))
    data = np.random.default_rng(len(spread)).integers(-128, 128, spread).astype(np.int8)
    data.setflags(write=False)
    other = Tensor("other", spread, DType.INT8, quant(0.05, 3), data if is_const else None)
    is_boolean = op in ("LESS", "EQUAL")
    output = (
        Tensor("y", own.shape, DType.BOOL) if is_boolean else Tensor("y", own.shape, DType.INT8, own.quant)
    )
    return single(op, [other, own] if is_first else [own, other], output, attrs)


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("ADD", FusedAttrs()),
        ("MUL", FusedAttrs()),
        ("MAXIMUM", Attrs()),
        ("LESS", Attrs()),
        ("PRELU", Attrs()),
    ],
)
def test_what_is_spread_over_the_rows_is_read_whole(op: str, attrs: Attrs) -> None:
    models: list[bytes] = []
    programs: list[Program] = []
    by_strips = 0

    def all_rows(given: Graph) -> Graph:
        nonlocal by_strips
        node = Fusion(given, Isa.C.sets, usual_prices(Isa.C.sets)).node(0, 1, StripForm(2, 2, None))
        if node is None:
            return given
        by_strips += 1
        check_rings(fused(given, 0, 1, node).view(node))
        return fused(given, 0, 1, node)

    for spread, is_const, is_first in product(_SPREAD, (False, True), (False, True)):
        if op == "PRELU" and (is_first or not is_const or len(spread) > 3):
            continue  # its slopes are constants, the second input
        name = f"m{len(models)}"
        models.append(write(_of_two(op, attrs, spread, is_const, is_first)))
        programs.append(
            compile_graph(
                frontend.read(models[-1], name), name, model_sha256="0" * 64, using=(*passes.PASSES, all_rows)
            )
        )
    assert by_strips >= len(models) // 2
    assert_same(models, programs, count=2)


@pytest.mark.full
@pytest.mark.parametrize("isa", list(Isa), ids=[one.value for one in Isa])
@pytest.mark.parametrize("start", range(100, 600, 50))
def test_many_random_chains(isa: Isa, start: int) -> None:
    _prove(range(start, start + 50), isa)


@pytest.mark.full
@pytest.mark.parametrize("start", range(600, 1100, 50))
def test_many_are_clean(start: int) -> None:
    seeds = range(start, start + 50)
    sanitized.assert_clean(_programs([write(seeded(seed)) for seed in seeds], Isa.C.sets, start))


def _all_by_strips(graph: Graph, isas: tuple[Isa, ...], seed: int) -> Graph:
    """Some stretch of each run of its nodes, in some form."""
    for _ in range(len(Fusion(graph, isas, usual_prices(isas)).runs())):
        graph = _by_strips(graph, isas, seed, ends=False)
        seed += 1
    return graph


@pytest.mark.full
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "rv32imc", "cortex-m55"])
@pytest.mark.parametrize("start", range(100, 600, 50))
def test_many_on_emulated_cores(core: str, start: int) -> None:
    """Five nets side by side in one firmware, so that one start counts for all of them."""
    device = board(core)
    isas = device.core.kernels
    for first in range(start, start + 50, 5):
        model = write(merged([seeded(seed) for seed in range(first, first + 5)]))
        strips = partial(_all_by_strips, isas=isas, seed=first)
        program = compile_graph(
            frontend.read(model, "m"),
            "m",
            model_sha256="0" * 64,
            isas=isas,
            level=Level.SPEED,
            using=(*passes.PASSES, strips),
        )
        assert any(node.op == "STRIPS" for node in program.nodes)
        vectors = list(mixed(program.inputs, first, 2))
        done = emulate(program, device, [[value.tobytes() for value in vector] for vector in vectors])
        oracle = tflm.Interpreter(model)
        for vector, outputs in zip(vectors, done.outputs, strict=True):
            wanted = [value.tobytes() for value in oracle.invoke(vector)]
            assert wanted == list(outputs), (core, first)


def _strips_of(seed: int) -> Graph:
    graph = passes.run(frontend.read(write(seeded(seed)), "m"))
    fusion = Fusion(graph, Isa.C.sets, usual_prices(Isa.C.sets))
    start, stop = max(fusion.runs(), key=lambda run: run[1] - run[0])
    node = fusion.node(start, stop, StripForm(1, 1, None))
    assert node is not None
    return fused(graph, start, stop, node)


@pytest.mark.parametrize("fault", ["order", "capacity", "shift", "place", "gap", "sum"])
def test_the_proof_finds_faults(fault: str) -> None:
    for seed in range(30):
        graph = _strips_of(seed)
        view = next(view for view in graph.views() if view.node.op == "STRIPS")
        attrs = strips_attrs(view)
        check_rings(view)
        strips = list(attrs.strips)
        if fault == "order":
            broken = replace(attrs, order=(*attrs.order[:-2], attrs.order[-1], attrs.order[-2]))
            if attrs.order[-1] == attrs.order[-2]:
                continue
        elif fault == "gap":
            if not any(overlap.gap > 0 for overlap in attrs.overlaps):
                continue
            broken = replace(attrs, overlaps=tuple(replace(one, gap=0) for one in attrs.overlaps))
        elif fault == "shift":
            at = next((place for place, one in enumerate(strips) if one.shifts), None)
            if at is None:
                continue
            strips[at] = replace(strips[at], shifts=())
            broken = replace(attrs, strips=tuple(strips))
        elif fault == "sum":
            if graph.nodes[-1].op != "STRIPS" or strips[attrs.order[-1]].view.node.op != "RUNNING_SUM":
                continue
            at = next(number for number in attrs.order if strips[number].view.node.op == "RUNNING_SUM")
            broken = replace(attrs, order=tuple(number for number in attrs.order if number != at))
        elif fault == "capacity":
            broken = replace(attrs, nbytes=attrs.nbytes - 1)
        else:
            last = strips[attrs.order[-1]]
            name = last.view.node.outputs[0]
            moved = replace(last.places[name], offset=last.places[name].offset + 1)
            strips[attrs.order[-1]] = replace(last, places={**last.places, name: moved})
            broken = replace(attrs, strips=tuple(strips))
        node = replace(view.node, attrs=broken)
        with pytest.raises((PlanError, ValueError)):
            check_rings(
                graph.rebuilt(nodes=tuple(node if one is view.node else one for one in graph.nodes)).view(
                    node
                )
            )
        return
    pytest.fail("no net has such a place")


@pytest.mark.full
@pytest.mark.parametrize("file", ["kws_ref_model", "pretrainedResnet_quant", "person_detect"])
def test_less_ram_costs_no_more_than_promised(published: Path, file: str) -> None:
    """`--optimize ram` against `speed`: modelled cycles of counted instructions, not estimates."""
    content = (published / f"{file}.tflite").read_bytes()
    speed, small = (
        measured(content, BenchmarkRequest(("nucleo-l4r5zi",), vectors=1, level=level)).runs[0]
        for level in (Level.SPEED, Level.RAM)
    )
    assert small.cycles is not None
    assert speed.cycles is not None
    assert small.cycles <= 1.35 * speed.cycles
    assert small.ram is not None
    assert speed.ram is not None
    assert small.ram < speed.ram
