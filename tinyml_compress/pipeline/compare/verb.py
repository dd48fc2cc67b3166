"""Several models on one data set, side by side: sizes, zeros, work, score, agreement, time."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tinyml_compress import data as data_room
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, TinymlError, UsageError
from tinyml_compress.evaluation import agreement, score, task_of
from tinyml_compress.pipeline.compress.layer_weights import weights_of_keras, weights_of_layer
from tinyml_compress.pipeline.evaluate.verb import Evaluator, evaluator
from tinyml_compress.pipeline.inspect.verb import real_values
from tinyml_compress.results import Compared, Comparison, Task
from tinyml_compress.runners import side_by_side
from tinyml_compress.support.json_file import read_json
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting

__all__ = ["compare"]


def compare(
    models: Sequence[str | Path],
    data: str | Path | DataSet,
    *,
    samples: int | None = None,
    seed: int = 0,
    rounds: int = 60,
    trust: bool = False,
) -> Comparison:
    """Score, count and time `models` (.tflite files, or anything that `convert` takes) on `data`.

    `trust` is your word for model files that hold code.
    """
    if not models:
        raise UsageError("nothing to compare", next_step="name at least one model")
    chosen = data if isinstance(data, DataSet) else data_room.load(data)
    chosen = chosen if samples is None else chosen.take(samples, seed)
    with trusting(trust):
        return _compared_on(chosen, models, rounds)


def _compared_on(data: DataSet, models: Sequence[str | Path], rounds: int) -> Comparison:
    ready, outputs = [], []
    for spec in models:
        with stage(f"run {spec}"):
            made = evaluator(spec)
            ready.append(made)
            outputs.append(made.predict(data))
    times, runtime = _latencies(models, rounds)
    task = task_of(data.inputs, outputs[0], data.labels)
    rows = tuple(
        _compared(spec, made, values, outputs[0], data, task, times.get(index))
        for index, (spec, made, values) in enumerate(zip(models, ready, outputs, strict=True))
    )
    return Comparison(data=data.name, samples=data.count, runtime=runtime, models=rows)


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
    result = None
    if data.labels is not None or task is Task.RECONSTRUCTION:
        result = score(task, data.inputs, outputs, data.labels)
    together = agreement(task, reference, outputs)
    path = Path(str(spec))
    content = path.read_bytes() if path.is_file() else None
    row = Compared(
        model=str(spec),
        sha256=made.sha256,
        engine=made.engine.value,
        nbytes=None if content is None else len(content),
        gzip_nbytes=None if content is None else len(gzip.compress(content, 9, mtime=0)),
        metric="mae" if result is None else result.measure,
        score=None if result is None else result.value,
        interval=None if result is None else result.interval,
        same=together.value,
        difference=together.mean_difference,
        latency_s=None if latency is None else latency.median_s,
        latency_spread_s=None if latency is None else (latency.low_s, latency.high_s),
        training=_training_of(path),
        notes=() if result is not None else ("no score: the data set has no labels",),
        confusion=None if result is None else result.confusion,
        classes=data.classes or None,
    )
    return _of_file(row, path) if _is_file(spec) else _of_keras(row, spec)


def _of_file(row: Compared, path: Path) -> Compared:
    """With what the file holds."""
    from tinyml_compress import frontend
    from tinyml_compress.ops import operator

    try:
        graph = frontend.read(path.read_bytes(), "compared")
    except TinymlError as error:
        where = f" ({error.which})" if error.which else ""
        return _noted(row, f"weights and MACs not counted: {error.what}{where}")
    constants = [tensor for tensor in graph.tensors.values() if tensor.data is not None]
    kernels = [
        tensor for tensor in constants if tensor.dtype.value in ("i8", "f32", "i4") and len(tensor.shape) > 1
    ]
    layers = tuple(weights_of_layer(tensor.name, real_values(tensor)) for tensor in kernels)
    weights = sum(layer.count for layer in layers)
    row = replace(
        row,
        parameters=sum(tensor.elements for tensor in constants),
        weights=weights,
        nonzero=weights - sum(layer.zeros for layer in layers),
        layers=layers,
    )
    macs = 0
    try:
        for view in graph.views():
            op = operator(view.node.op)
            op.check(view)
            macs += op.macs(view)
    except TinymlError as error:
        return _noted(row, f"MACs not counted: {error.what}")
    return replace(row, macs=macs)


def _of_keras(row: Compared, spec: str | Path) -> Compared:
    """With what the layers hold."""
    from tinyml_compress import models
    from tinyml_compress.pipeline.compress.stages import sizes_of

    model = models.load(spec).model
    sizes = sizes_of(model)
    if sizes.macs is None:
        row = _noted(row, "MACs not counted: a layer's work is not known for Keras models; convert it first")
    return replace(
        _noted(row, "not timed: only .tflite files are"),
        parameters=sizes.parameters,
        weights=sizes.weights,
        nonzero=sizes.weights - sizes.zeros,
        macs=sizes.macs,
        layers=weights_of_keras(model),
    )


def _noted(row: Compared, note: str) -> Compared:
    return replace(row, notes=(*row.notes, note))


def _training_of(path: Path) -> dict[str, tuple[float, ...]] | None:
    """The curves of the run that made the file, if it lies in a folder that `compress` wrote."""
    report = path.parent.parent / "report.json"
    if not path.is_file() or not report.is_file():
        return None
    try:
        stages = read_json(report)["stages"]
        curve = [value for stage_row in stages for value in stage_row.get("history", {}).get("score", ())]
        losses = [value for stage_row in stages for value in stage_row.get("history", {}).get("loss", ())]
    except (DataError, KeyError, TypeError, AttributeError):
        return None  # some other program's report.json
    return {key: tuple(values) for key, values in (("score", curve), ("loss", losses)) if values} or None
