"""The parity ladder: float, LiteRT, LiteRT's reference kernels, TFLM, our C; where neighbours part, and by
how much.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import frontend
from tinyml_compress.data import DataSet, load
from tinyml_compress.errors import DataError, TinymlError, UsageError
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.pipeline.compare.differences import (
    all_outputs,
    compare_arrays,
    divergence_at,
    results,
)
from tinyml_compress.pipeline.convert.layer_noise import LayerNoise, layer_noise, sqnr_db
from tinyml_compress.pipeline.evaluate.engines import Engine, Subject, run_graph, runner
from tinyml_compress.pipeline.evaluate.float_reference import float_graph
from tinyml_compress.pipeline.evaluate.model_inputs import arrays_for
from tinyml_compress.results import Difference, Divergence
from tinyml_compress.results.base import plain
from tinyml_compress.runners import host
from tinyml_compress.runners.sides import dequantized, stored_inputs
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.support import files
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.table import Block, Cell, Column, Table, facts

__all__ = ["Ladder", "Rung", "Step", "ladder", "ladder_on"]

Array = npt.NDArray[np.generic]
_RUNGS = (Engine.LITERT, Engine.LITERT_REF, Engine.TFLM, Engine.AOT)
_NAMES = {
    Engine.LITERT: "LiteRT",
    Engine.LITERT_REF: "LiteRT reference",
    Engine.TFLM: "TFLM",
    Engine.AOT: "generated C",
}
_SHOWN_LAYERS = 5
_LADDER_SAMPLES = 20
"""Every layer of every engine is kept for each: a few are enough to find where engines part."""


@dataclass(frozen=True)
class Rung:
    """One engine on the ladder; `why_absent` says why it could not run."""

    engine: Engine
    why_absent: str | None = None


@dataclass(frozen=True)
class Step:
    """Two neighbouring engines on the same inputs; all numbers are exact."""

    below: Engine
    above: Engine
    difference: Difference
    """Of the model's outputs."""
    first: Divergence | None
    """The first layer that gives other values; absent when no layer does."""


@dataclass(frozen=True)
class Ladder(Displayed):
    """What `ladder` found."""

    model: str
    model_sha256: str
    samples: int
    from_data: bool
    """Inputs are of a data set; otherwise edges of the range and random values, which layers seldom see."""
    litert: str | None
    rungs: tuple[Rung, ...]
    steps: tuple[Step, ...]
    reference: str | None
    """The float model, where one was given."""
    output_sqnr_db: float | None
    """Signal to quantization noise of the outputs under TFLM (else the first engine present) against float,
    in dB.
    """
    layers: tuple[LayerNoise, ...]
    """The same per layer."""
    why_no_layers: str | None

    def as_json(self) -> dict[str, object]:
        """The result as `evaluate --ladder --json` prints it."""
        shown: dict[str, object] = {
            "schema": 1,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "samples": self.samples,
            "inputs": "data" if self.from_data else "edges and random",
            "rungs": [
                {
                    "engine": rung.engine.value,
                    **({} if rung.why_absent is None else {"absent": rung.why_absent}),
                }
                for rung in self.rungs
            ],
            "steps": [
                {
                    "from": step.below.value,
                    "to": step.above.value,
                    "elements": step.difference.elements,
                    "mismatches": step.difference.mismatches,
                    "largest_difference": step.difference.largest,
                    **({} if step.first is None else {"first_divergence": plain(step.first)}),
                }
                for step in self.steps
            ],
        }
        if self.litert is not None:
            shown["litert"] = self.litert
        if self.reference is not None:
            shown["reference"] = self.reference
            shown["layers"] = [
                {
                    "index": layer.index,
                    "op": layer.op,
                    "layer": layer.layer,
                    "sqnr_db": _finite(layer.sqnr_db),
                }
                for layer in self.layers
            ]
        if self.output_sqnr_db is not None:
            shown["output_sqnr_db"] = _finite(self.output_sqnr_db)
        if self.why_no_layers is not None:
            shown["layers_absent"] = self.why_no_layers
        return shown

    def blocks(self) -> list[Block]:
        """Every step of the ladder, and the layers with the most noise."""
        kind = "" if self.from_data else " (edges and random; noise means more with --data)"
        rows: list[tuple[str, Cell]] = [("model", self.model), ("samples", f"{self.samples}{kind}")]
        if self.litert is not None:
            rows.append(("LiteRT", self.litert))
        if self.reference is not None:
            sqnr = "" if self.output_sqnr_db is None else f": outputs at {_decibel(self.output_sqnr_db)} SQNR"
            rows.append(("float", f"{self.reference}{sqnr}"))
        blocks: list[Block] = [facts(rows)]
        for step in self.steps:
            blocks += _step_lines(step)
        blocks += [
            f"{_NAMES[rung.engine]}: absent, {rung.why_absent}" for rung in self.rungs if rung.why_absent
        ]
        if self.layers:
            worst = sorted(self.layers, key=lambda layer: layer.sqnr_db)[:_SHOWN_LAYERS]
            columns = (Column("SQNR", right=True), Column("#", "{:d}"), Column("operator"), Column("layer"))
            noise = tuple((_decibel(layer.sqnr_db), layer.index, layer.op, layer.layer) for layer in worst)
            blocks.append(Table(columns, noise, "layers with the most noise (SQNR against float):", indent=2))
        elif self.why_no_layers is not None:
            blocks.append(f"noise per layer: absent, {self.why_no_layers}")
        return blocks


def _step_lines(step: Step) -> list[str]:
    found = step.difference
    if found.mismatches:
        outputs = f"{found.mismatches:,} of {found.elements:,} outputs differ, by at most {found.largest:g}"
        where = "first layer that differs"
    else:
        outputs = f"all {found.elements:,} outputs equal"
        where = "inside, not at the outputs, the first layer that differs"
    lines = [f"{_NAMES[step.below]} -> {_NAMES[step.above]}: {outputs}"]
    return lines if step.first is None else [*lines, f"  {where}: {step.first}"]


def _decibel(value: float) -> str:
    return f"{value:.1f} dB" if np.isfinite(value) else "no noise"


def _finite(value: float) -> float | str:
    return round(value, 2) if np.isfinite(value) else "no noise"


def ladder(
    model: Path,
    *,
    reference: str | Path | None = None,
    samples: DataSet | None = None,
    vectors: int = 20,
    seed: int = 0,
    isa: Isa = Isa.C,
    level: Level = Level.BALANCED,
) -> Ladder:
    """Run the integer .tflite file `model` under every engine on the same inputs, layer by layer.

    Inputs are `samples` in real values, else the edges and `vectors` random ones.
    `reference` is the float model: a float .tflite file, or a Keras model in any form that `evaluate` takes.
    """
    content = files.read_bytes(model)
    graph = frontend.read(content, "model")
    rows = _rows(graph, samples, vectors, seed)
    real = None if reference is None else _reference(reference, graph)
    rungs: list[Rung] = []
    outputs: dict[Engine, list[list[Array]]] = {}
    inner: dict[Engine, list[list[Array]]] = {}
    for engine in _RUNGS:
        try:
            outputs[engine] = runner(Subject(model, engine), isa, level)(rows)
            inner[engine] = run_graph(all_outputs(graph), engine, rows, isa, level)
            rungs.append(Rung(engine))
        except TinymlError as error:
            rungs.append(Rung(engine, error.what if error.found is None else f"{error.what}: {error.found}"))
            outputs.pop(engine, None)
    present = list(inner)
    steps = tuple(
        Step(a, b, _difference(outputs[a], outputs[b]), _first(graph, inner[a], inner[b]))
        for a, b in itertools.pairwise(present)
    )
    litert = host.runtime(newest=True) if {Engine.LITERT, Engine.LITERT_REF} & set(present) else None
    noise: tuple[LayerNoise, ...] = ()
    output_sqnr: float | None = None
    why: str | None = None
    if real is not None and present:
        first = Engine.TFLM if Engine.TFLM in present else present[0]
        output_sqnr, noise, why = _against_float(graph, real, rows, outputs[first], inner[first])
    return Ladder(
        str(model),
        files.sha256(content),
        len(rows),
        samples is not None,
        litert,
        tuple(rungs),
        steps,
        None if reference is None else str(reference),
        output_sqnr,
        noise,
        why,
    )


def ladder_on(
    model: str | Path,
    data: str | None,
    *,
    reference: str | Path | None = None,
    samples: int | None = None,
    seed: int = 0,
) -> Ladder:
    """The ladder on (at most `samples` of) a data set, or on made-up inputs when `data` is None."""
    path = Path(model)
    if path.suffix.lower() != ".tflite":
        raise UsageError(
            "the ladder starts from a .tflite file", which=model, next_step="convert the model first"
        )
    count = samples or _LADDER_SAMPLES
    if data is None:
        return ladder(path, reference=reference, vectors=count, seed=seed)
    return ladder(path, reference=reference, samples=load(data).take(count, seed), seed=seed)


def _rows(graph: Graph, samples: DataSet | None, vectors: int, seed: int) -> list[list[Array]]:
    inputs = [graph.tensors[name] for name in graph.inputs]
    if samples is None:
        return [list(row) for row in mixed(inputs, seed, vectors)]
    return stored_inputs(inputs, arrays_for(samples, inputs))


def _reference(reference: str | Path, graph: Graph) -> Graph:
    """The float model, which takes the inputs of the integer one."""
    real = float_graph(reference)
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
) -> tuple[float, tuple[LayerNoise, ...], str | None]:
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
        (wanted, dequantized(found, tensor))
        for row_real, row in zip(traced, outputs, strict=True)
        for wanted, found, tensor in zip(row_real[:ends], row, stored, strict=True)
    ]
    noise, why = layer_noise(real, [row[ends:] for row in traced], graph, inner)
    return sqnr_db(pairs), noise, why
