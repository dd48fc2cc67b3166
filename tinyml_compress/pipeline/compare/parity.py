"""The parity ladder: float, LiteRT, LiteRT's reference kernels, TFLM, our C; where neighbours part, and by
how much.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec.structs import asdict

from tinyml_compress import frontend
from tinyml_compress.data import DataSet, load
from tinyml_compress.errors import DataError, TinymlError, UsageError
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compare.differences import (
    all_outputs,
    compare_arrays,
    divergence_at,
    results,
)
from tinyml_compress.pipeline.convert.layer_noise import layer_noise, sqnr_db
from tinyml_compress.pipeline.evaluate.engines import EngineFile, run_graph, runner
from tinyml_compress.pipeline.evaluate.model_inputs import arrays_for
from tinyml_compress.pipeline.sources.source import source_of
from tinyml_compress.results import Difference, Divergence, Engine, EngineRung, Ladder, LayerNoise, Step
from tinyml_compress.results.parity import Decibel
from tinyml_compress.runners import host
from tinyml_compress.runners.sides import dequantized, stored_inputs
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.support import files
from tinyml_compress.support.instruction_sets import Isa

Array = npt.NDArray[np.generic]
_Noise = tuple[Decibel | None, tuple[LayerNoise, ...] | None, str | None]
"""Of the outputs, of each layer, and why not of each layer."""
_RUNGS = (Engine.LITERT, Engine.LITERT_REF, Engine.TFLM, Engine.AOT)


def ladder(
    model: str | Path,
    data: str | DataSet | None = None,
    *,
    reference: str | Path | None = None,
    samples: int = 20,
    seed: int = 0,
) -> Ladder:
    """Run the integer .tflite file `model` under every engine on the same inputs, layer by layer.

    Inputs are at most `samples` of `data`, else the edges and so many random ones: every layer of every
    engine is kept for each, and a few are enough to find where engines part. `reference` is the float model:
    a float .tflite file, or a Keras model in any form that `evaluate` takes.
    """
    path = Path(model)
    if path.suffix.lower() != ".tflite":
        raise UsageError(
            "the ladder starts from a .tflite file", which=model, next_step="convert the model first"
        )
    content = files.read_bytes(path)
    graph = frontend.read(content, "model")
    inputs = [graph.tensors[name] for name in graph.inputs]
    if data is None:
        rows = [list(row) for row in mixed(inputs, seed, samples)]
    else:
        chosen = (data if isinstance(data, DataSet) else load(data)).take(samples, seed)
        rows = stored_inputs(inputs, arrays_for(chosen, inputs))
    real = None if reference is None else _reference(reference, graph)
    rungs: list[EngineRung] = []
    outputs: dict[Engine, list[list[Array]]] = {}
    inner: dict[Engine, list[list[Array]]] = {}
    for engine in _RUNGS:
        try:
            outputs[engine] = runner(EngineFile(path, engine))(rows)
            inner[engine] = run_graph(all_outputs(graph), engine, rows, Isa.C, Level.BALANCED)
            rungs.append(EngineRung(engine=engine))
        except TinymlError as error:
            why = error.what if error.found is None else f"{error.what}: {error.found}"
            rungs.append(EngineRung(engine=engine, absent=why))
            outputs.pop(engine, None)
    present = list(inner)
    steps = tuple(
        Step(
            below=a,
            above=b,
            first=_first(graph, inner[a], inner[b]),
            **asdict(_difference(outputs[a], outputs[b])),
        )
        for a, b in itertools.pairwise(present)
    )
    noise: _Noise = None, None, None
    if real is not None and present:
        first = Engine.TFLM if Engine.TFLM in present else present[0]
        noise = _against_float(graph, real, rows, outputs[first], inner[first])
    return Ladder(
        model=str(model),
        model_sha256=files.sha256(content),
        samples=len(rows),
        inputs="edges and random" if data is None else "data",
        litert=host.runtime(newest=True) if {Engine.LITERT, Engine.LITERT_REF} & set(present) else None,
        rungs=tuple(rungs),
        steps=steps,
        reference=None if reference is None else str(reference),
        output_sqnr_db=noise[0],
        layers=noise[1],
        layers_absent=noise[2],
    )


def _reference(reference: str | Path, graph: Graph) -> Graph:
    """The float model, which takes the inputs of the integer one."""
    real = source_of(reference).float_graph()
    theirs, ours = ([one.tensors[name].shape for name in one.inputs] for one in (real, graph))
    if [math.prod(shape) for shape in theirs] != [math.prod(shape) for shape in ours]:
        raise DataError("the float model takes other inputs", which=reference, found=theirs, allowed=ours)
    return real


def _difference(a: Sequence[Sequence[Array]], b: Sequence[Sequence[Array]]) -> Difference:
    """Over all vectors."""
    parts = [compare_arrays(left, right) for left, right in zip(a, b, strict=True)]
    return Difference(
        elements=sum(part.elements for part in parts),
        mismatches=sum(part.mismatches for part in parts),
        largest=max((part.largest for part in parts), default=0.0),
    )


def _first(graph: Graph, a: Sequence[Sequence[Array]], b: Sequence[Sequence[Array]]) -> Divergence | None:
    owners = [index for index, _ in results(graph)]
    for output, index in enumerate(owners):
        difference = _difference([[row[output]] for row in a], [[row[output]] for row in b])
        if difference.mismatches:
            return divergence_at(graph, index, difference)
    return None


def _against_float(
    graph: Graph,
    real: Graph,
    rows: Sequence[Sequence[Array]],
    outputs: Sequence[Sequence[Array]],
    inner: Sequence[Sequence[Array]],
) -> _Noise:
    """SQNR of the outputs and of every layer; the float model gets the values that the stored inputs stand
    for.
    """
    inputs = [graph.tensors[name] for name in graph.inputs]
    floats = [
        [
            dequantized(value, tensor)
            .astype(real.tensors[name].dtype.numpy)
            .reshape(real.tensors[name].shape)
            for value, tensor, name in zip(row, inputs, real.inputs, strict=True)
        ]
        for row in rows
    ]
    whole = real.rebuilt(outputs=(*real.outputs, *all_outputs(real).outputs))
    traced = run_graph(whole, Engine.LITERT_REF, floats, Isa.C, Level.BALANCED)
    ends = len(real.outputs)
    stored = [graph.tensors[name] for name in graph.outputs]
    pairs = [
        (wanted, dequantized(actual, tensor))
        for row_real, row in zip(traced, outputs, strict=True)
        for wanted, actual, tensor in zip(row_real[:ends], row, stored, strict=True)
    ]
    noise, why = layer_noise(real, [row[ends:] for row in traced], graph, inner)
    return sqnr_db(pairs), noise, why
