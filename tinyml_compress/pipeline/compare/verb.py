"""Several models on one data set, side by side: sizes, zeros, work, score, agreement, time."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinyml_compress import data as data_room
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.evaluation import agreement, score, similarity, task_of
from tinyml_compress.pipeline.evaluate.evaluator import Evaluator, evaluator
from tinyml_compress.pipeline.sources.content import RunCost
from tinyml_compress.pipeline.sources.source import Source, source_of
from tinyml_compress.results import Compared, Comparison, Compression, Task, decoded
from tinyml_compress.runners import side_by_side
from tinyml_compress.support.json_file import read_json
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting


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
        return _compared_on(chosen, [source_of(model) for model in models], rounds)


def _compared_on(data: DataSet, sources: Sequence[Source], rounds: int) -> Comparison:
    for source in sources:
        data = source.fitting(data)
    ready, outputs = [], []
    for source in sources:
        with stage(f"run {source.spec}"):
            runner = evaluator(source)
            ready.append(runner)
            outputs.append(runner.predict(data))
    times, runtime = _latencies(sources, rounds)
    costs = _costs(sources, data)
    known = next((source.task for source in sources if source.task is not None), None)
    task = known or task_of(data.inputs, outputs[0], data.labels)
    rows = tuple(
        _compared(source, runner, values, outputs[0], data, task, times.get(index), costs[index])
        for index, (source, runner, values) in enumerate(zip(sources, ready, outputs, strict=True))
    )
    return Comparison(data=data.name, samples=data.count, runtime=runtime, models=rows)


def _latencies(sources: Sequence[Source], rounds: int) -> tuple[dict[int, side_by_side.Latency], str | None]:
    timed = {index: source.file for index, source in enumerate(sources) if source.file is not None}
    if not timed:
        return {}, None
    with stage("time the files side by side"):
        latencies = side_by_side.measure(list(timed.values()), rounds=rounds)
    return dict(zip(timed, latencies, strict=True)), latencies[0].runtime


def _costs(sources: Sequence[Source], data: DataSet) -> list[RunCost | None]:
    """Memory, where models that a file's time says nothing of stand beside files."""
    few = data.take(8)
    costs = [None if source.file is not None else source.cost(few) for source in sources]
    if not any(costs):
        return costs
    return [source.cost(few) if cost is None else cost for source, cost in zip(sources, costs, strict=True)]


def _compared(
    source: Source,
    runner: Evaluator,
    outputs: Any,
    reference: Any,
    data: DataSet,
    task: Task,
    latency: side_by_side.Latency | None,
    cost: RunCost | None,
) -> Compared:
    result = None
    if task is Task.EMBEDDING:
        result = similarity(reference, outputs)
    elif data.labels is not None or task is Task.RECONSTRUCTION:
        result = score(task, data.inputs, outputs, data.labels)
    together = agreement(task, reference, outputs, data.labels)
    cut = f"{data.unseen} words with a tag lie behind the last token: they are no part of the score"
    content, seconds = source.content(), {} if cost is None else cost.seconds
    path = Path(source.spec)
    file = path.read_bytes() if path.is_file() else None
    return Compared(
        model=source.spec,
        sha256=runner.sha256,
        engine=runner.engine.value,
        nbytes=source.stored_bytes,
        gzip_nbytes=None if file is None else len(gzip.compress(file, 9, mtime=0)),
        parameters=content.parameters,
        weights=content.weights,
        nonzero=content.nonzero,
        macs=content.macs,
        metric="mae" if result is None else result.measure,
        score=None if result is None else result.value,
        interval=None if result is None else result.interval,
        same=together.value,
        difference=together.mean_difference,
        latency_s=seconds.get("1") if latency is None else latency.median_s,
        latency_spread_s=None if latency is None else (latency.low_s, latency.high_s),
        seconds=seconds,
        peak_bytes=None if cost is None else cost.peak_bytes,
        training=_training_of(path),
        layers=content.layers,
        notes=(
            *([] if result is not None else ["no score: the data set has no labels"]),
            *([cut] if data.unseen else []),
            *content.notes,
        ),
        confusion=None if result is None else result.confusion,
        classes=data.classes or None,
    )


def _training_of(path: Path) -> dict[str, tuple[float, ...]] | None:
    """The curves of the run that made the file, if it lies in a folder that `compress` wrote."""
    report = path.parent.parent / "report.json"
    if not path.is_file() or not report.is_file():
        return None
    try:
        stages = decoded(Compression, read_json(report)).stages
    except DataError:
        return None  # some other program's report.json
    curves = {
        key: tuple(value for stage in stages for value in (stage.history or {}).get(key, ()))
        for key in ("score", "loss")
    }
    return {key: values for key, values in curves.items() if values} or None
