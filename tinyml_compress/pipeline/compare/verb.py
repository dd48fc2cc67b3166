"""Several models on one data set, side by side: sizes, zeros, work, score, agreement, time."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinyml_compress import data as data_room
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, TinymlError, UsageError
from tinyml_compress.evaluation import agreement, score, task_of
from tinyml_compress.pipeline.compress.layer_weights import LayerWeights, weights_of_keras, weights_of_layer
from tinyml_compress.pipeline.evaluate.verb import Evaluator, evaluator
from tinyml_compress.pipeline.inspect.verb import real_values
from tinyml_compress.results import Task
from tinyml_compress.runners import side_by_side
from tinyml_compress.support.document import document
from tinyml_compress.support.json_file import read_json
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.progress import stage
from tinyml_compress.support.table import Block, Column, Numbers, Row, Table

__all__ = ["Compared", "Comparison", "LayerWeights", "compare"]


@dataclass(frozen=True)
class Compared:
    """One model's column. Absent values have their reason in `notes`."""

    model: str
    sha256: str
    engine: str
    nbytes: int | None
    gzip_nbytes: int | None
    parameters: int | None
    weights: int | None
    nonzero: int | None
    macs: int | None
    metric: str
    score: float | None
    interval: tuple[float, float] | None
    same: float | None
    """Part of the samples on which it answers as the first model does."""
    difference: float | None
    """Mean absolute difference of its outputs from the first model's."""
    latency_s: float | None
    latency_spread_s: tuple[float, float] | None
    layers: tuple[LayerWeights, ...]
    training: dict[str, list[float]]
    notes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...] = ()
    """Samples by true class (rows) and answer (columns)."""
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison(Displayed):
    """All models, in the order given; the first is what the others are compared with."""

    data: str
    samples: int
    runtime: str | None
    models: tuple[Compared, ...]

    def as_json(self) -> dict[str, Any]:
        """Schema 1; absent values are left out."""
        rows = [
            {key: value for key, value in asdict(row).items() if value not in (None, (), {})}
            for row in self.models
        ]
        found = {
            "data": self.data,
            "samples": self.samples,
            **({} if self.runtime is None else {"runtime": self.runtime}),
            "models": rows,
        }
        return document("compare", found)

    def html(self, command: str = "") -> str:
        """One self-contained page; `command` is the call that made the result."""
        from tinyml_compress.rendering.page import results_page

        found = self.as_json()
        return results_page(
            [{**found, "command": command} if command else found], title=f"{len(self.models)} models"
        )

    def blocks(self) -> list[Block]:
        """A line per model."""
        columns = (
            Column("model"),
            Column("file", "{:,}", absent="-"),
            Column("gzip", "{:,}", priority=7, absent="-"),
            Column("parameters", "{:,}", priority=5, absent="-"),
            Column("non-zero", "{:.1%}", priority=6, absent="-"),
            Column("MACs", "{:,}", priority=4, absent="-"),
            Column("score", "{:.4f}", absent="-"),
            Column("95% interval", right=True, priority=3, absent="-"),
            Column("same", "{:.1%}", priority=2, absent="-"),
            Column("time, ms", "{:.3f}", priority=1, absent="-"),
            Column("spread", right=True, priority=8, absent="-"),
        )
        notes = [f"{row.model}: {note}" for row in self.models for note in row.notes]
        if self.runtime is not None:
            notes.append(f"times are measured: {self.runtime}, taking turns, 1 thread")
        head = f"{self.data}, {self.samples} samples; `same` is agreement with {self.models[0].model}"
        return [Table(columns, tuple(map(_row, self.models)), head, tuple(notes))]


def _row(found: Compared) -> Row:
    spread = None if found.latency_spread_s is None else tuple(1e3 * end for end in found.latency_spread_s)
    return (
        found.model,
        found.nbytes,
        found.gzip_nbytes,
        found.parameters,
        None if not found.weights or found.nonzero is None else found.nonzero / found.weights,
        found.macs,
        found.score,
        None if found.interval is None else Numbers(found.interval, "{:.4f} to {:.4f}"),
        found.same,
        None if found.latency_s is None else found.latency_s * 1e3,
        None if spread is None else Numbers(spread, "{:.3f} to {:.3f}"),
    )


def compare(
    models: Sequence[str | Path],
    data: str | Path | DataSet,
    *,
    samples: int | None = None,
    seed: int = 0,
    rounds: int = 60,
) -> Comparison:
    """Score, count and time `models` (.tflite files, or anything that `convert` takes) on `data`."""
    if not models:
        raise UsageError("nothing to compare", next_step="name at least one model")
    chosen = data if isinstance(data, DataSet) else data_room.load(data)
    chosen = chosen if samples is None else chosen.take(samples, seed)
    ready, outputs = [], []
    for spec in models:
        with stage(f"run {spec}"):
            made = evaluator(spec)
            ready.append(made)
            outputs.append(made.predict(chosen))
    times, runtime = _latencies(models, rounds)
    task = task_of(chosen.inputs, outputs[0], chosen.labels)
    rows = tuple(
        _compared(spec, made, values, outputs[0], chosen, task, times.get(index))
        for index, (spec, made, values) in enumerate(zip(models, ready, outputs, strict=True))
    )
    return Comparison(chosen.name, chosen.count, runtime, rows)


def _is_file(spec: str | Path) -> bool:
    return Path(str(spec)).suffix.lower() == ".tflite"


def _latencies(
    models: Sequence[str | Path], rounds: int
) -> tuple[dict[int, side_by_side.Latency], str | None]:
    places = [index for index, spec in enumerate(models) if _is_file(spec)]
    if not places:
        return {}, None
    with stage("time the files side by side"):
        found = side_by_side.measure([Path(models[index]).read_bytes() for index in places], rounds=rounds)
    return dict(zip(places, found, strict=True)), found[0].runtime


def _compared(
    spec: str | Path,
    made: Evaluator,
    outputs: Any,
    reference: Any,
    data: DataSet,
    task: Task,
    latency: side_by_side.Latency | None,
) -> Compared:
    notes: list[str] = []
    result = None
    if data.labels is not None or task is Task.RECONSTRUCTION:
        result = score(task, data.inputs, outputs, data.labels)
    else:
        notes.append("no score: the data set has no labels")
    together = agreement(task, reference, outputs)
    sizes = _of_file(Path(str(spec)), notes) if _is_file(spec) else _of_keras(spec, notes)
    path = Path(str(spec))
    content = path.read_bytes() if path.is_file() else None
    return Compared(
        model=str(spec),
        sha256=made.sha256,
        engine=made.engine.value,
        nbytes=None if content is None else len(content),
        gzip_nbytes=None if content is None else len(gzip.compress(content, 9, mtime=0)),
        parameters=sizes.parameters,
        weights=sizes.weights,
        nonzero=sizes.nonzero,
        macs=sizes.macs,
        metric="mae" if result is None else result.measure,
        score=None if result is None else result.value,
        interval=None if result is None else result.interval,
        same=together.value,
        difference=together.mean_difference,
        latency_s=None if latency is None else latency.median_s,
        latency_spread_s=None if latency is None else (latency.low_s, latency.high_s),
        layers=sizes.layers,
        training=_training_of(path),
        notes=tuple(notes),
        confusion=(None if result is None else result.confusion) or (),
        classes=data.classes,
    )


@dataclass(frozen=True)
class _Counts:
    parameters: int | None = None
    weights: int | None = None
    nonzero: int | None = None
    macs: int | None = None
    layers: tuple[LayerWeights, ...] = ()


def _of_file(path: Path, notes: list[str]) -> _Counts:
    from tinyml_compress import frontend
    from tinyml_compress.ops import operator

    try:
        graph = frontend.read(path.read_bytes(), "compared")
    except TinymlError as error:
        notes.append(
            f"weights and MACs not counted: {error.what}" + (f" ({error.which})" if error.which else "")
        )
        return _Counts()
    constants = [tensor for tensor in graph.tensors.values() if tensor.data is not None]
    kernels = [
        tensor for tensor in constants if tensor.dtype.value in ("i8", "f32", "i4") and len(tensor.shape) > 1
    ]
    layers = tuple(weights_of_layer(tensor.name, real_values(tensor)) for tensor in kernels)
    macs = None
    try:
        macs = 0
        for view in graph.views():
            op = operator(view.node.op)
            op.check(view)
            macs += op.macs(view)
    except TinymlError as error:
        macs = None
        notes.append(f"MACs not counted: {error.what}")
    weights = sum(layer.count for layer in layers)
    nonzero = weights - sum(layer.zeros for layer in layers)
    return _Counts(sum(tensor.elements for tensor in constants), weights, nonzero, macs, layers)


def _of_keras(spec: str | Path, notes: list[str]) -> _Counts:
    from tinyml_compress import models
    from tinyml_compress.pipeline.compress.stages import sizes_of

    model = models.load(spec).model
    sizes = sizes_of(model)
    if sizes.macs is None:
        notes.append("MACs not counted: a layer's work is not known for Keras models; convert it first")
    notes.append("not timed: only .tflite files are")
    return _Counts(
        sizes.parameters, sizes.weights, sizes.weights - sizes.zeros, sizes.macs, weights_of_keras(model)
    )


def _training_of(path: Path) -> dict[str, list[float]]:
    """The curves of the run that made the file, if it lies in a folder that `compress` wrote."""
    report = path.parent.parent / "report.json"
    if not path.is_file() or not report.is_file():
        return {}
    try:
        stages = read_json(report)["stages"]
        curve = [value for stage_row in stages for value in stage_row.get("history", {}).get("score", ())]
        losses = [value for stage_row in stages for value in stage_row.get("history", {}).get("loss", ())]
    except (DataError, KeyError, TypeError, AttributeError):
        return {}  # some other program's report.json
    return {key: values for key, values in (("score", curve), ("loss", losses)) if values}
