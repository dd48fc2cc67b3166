"""`data check`: a set looked at by itself, and through the float model that it is to calibrate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.data import DataSet, load
from tinyml_compress.data.findings import check, check_parts, range_shift
from tinyml_compress.errors import DataError, TinymlError
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compare.differences import all_outputs
from tinyml_compress.pipeline.evaluate.engines import run_graph
from tinyml_compress.pipeline.evaluate.model_inputs import arrays_for
from tinyml_compress.pipeline.sources.source import source_of
from tinyml_compress.results import DataCheck, Engine, Finding, Severity
from tinyml_compress.runners.sides import stored_inputs
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.progress import stage

Array = npt.NDArray[np.generic]
_SAMPLES = 64
"""Every layer's result is kept for each sample, so that two halves can be compared."""
_MOVED = 0.25
_SHOWN = 3


def check_data(spec: str, model: str | None = None, *, seed: int = 0) -> DataCheck:
    """Check the set `spec`; with `model`, a float one, also the ranges that calibration would find in its
    layers.
    """
    data = load(spec)
    findings = check(data)
    parts = _parts(spec)
    if parts is not None:
        findings.append(check_parts(*parts))
    if model is not None:
        with stage("run the model on two halves"):
            findings += _through(model, data, seed)
    return DataCheck(spec=spec, title=data.description, findings=tuple(findings))


def _parts(spec: str) -> tuple[DataSet, DataSet] | None:
    """Both parts of a set that was named as a whole, if it has them."""
    if spec.endswith((":train", ":test")):
        return None
    try:
        return load(f"{spec}:train"), load(f"{spec}:test")
    except TinymlError:
        return None


def _through(model: str, data: DataSet, seed: int) -> list[Finding]:
    graph = source_of(model).float_graph()
    sides = [graph.tensors[name] for name in graph.inputs]
    outputs = int(np.prod(graph.tensors[graph.outputs[0]].shape[1:]))
    findings = [Finding(Severity.OK, "model", f"{Path(model).name} takes samples of this shape")]
    if data.labels is not None and 1 < outputs <= int(data.labels.max()):
        findings.append(
            Finding(
                Severity.WARNING, "model", f"label {int(data.labels.max())} is beyond its {outputs} outputs"
            )
        )
    chosen = data.take(_SAMPLES, seed)
    if chosen.count < 4:
        raise DataError(
            "too few samples to compare two halves", which=data.name, found=chosen.count, allowed="4 or more"
        )
    findings.append(_layers(graph, stored_inputs(sides, arrays_for(chosen, sides))))
    return findings


def _layers(graph: Graph, samples: Sequence[Sequence[Array]]) -> Finding:
    every = all_outputs(graph)
    rows = run_graph(every, Engine.LITERT, samples, Isa.C, Level.BALANCED)
    moved: list[tuple[float, str]] = []
    for index, name in enumerate(every.outputs):
        results = [np.asarray(row[index], dtype=np.float32) for row in rows]
        if results[0].size and graph.tensors[name].dtype.is_float:
            moved.append((range_shift(np.stack(results[0::2]), np.stack(results[1::2])), name))
    moved.sort(reverse=True)
    shown = ", ".join(f"{name} {shift:.0%}" for shift, name in moved[:_SHOWN])
    text = (
        f"calibrated ranges of {len(moved)} layers between two halves of "
        f"{len(samples)} samples move most in {shown}"
    )
    if moved and moved[0][0] > _MOVED:
        return Finding(Severity.WARNING, "layers", f"{text}; more or more varied samples would settle them")
    return Finding(Severity.OK, "layers", text)
