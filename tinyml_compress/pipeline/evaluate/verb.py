"""A model of any form on a data set: its score, and its agreement with another model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import data as data_room
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError
from tinyml_compress.evaluation import agreement, score, task_of
from tinyml_compress.pipeline.evaluate.engines import described_inputs
from tinyml_compress.pipeline.evaluate.model_inputs import arrays_for
from tinyml_compress.results import Engine, Evaluation, Evaluations, Score, Task
from tinyml_compress.support import files
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting

__all__ = ["Evaluator", "evaluate", "evaluate_all", "evaluator"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Evaluator:
    """A model that is ready to compute outputs for samples."""

    model: str
    engine: Engine
    sha256: str
    nbytes: int | None
    """Size of the .tflite file; absent for Keras models."""
    predict: Callable[[DataSet], Floats]
    """The first output in real values for every sample of a set that fits the model's inputs."""


def evaluate(
    model: str | Path,
    data: str | Path | DataSet,
    *,
    engine: str = "auto",
    against: str | Path | None = None,
    against_engine: str = "auto",
    task: str = "auto",
    samples: int | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Evaluation:
    """Score `model` on `data`; with `against`, also how far it agrees with that model.

    `engine` and `against_engine` are what runs a .tflite file: host (the default), tflm or aot; other models
    run under Keras. `trust` is your word for model files that hold code.
    """
    with trusting(trust):
        done = evaluate_all(
            [model],
            data,
            engine=engine,
            against=against,
            against_engine=against_engine,
            task=task,
            samples=samples,
            seed=seed,
        )
    return done.evaluations[0]


def evaluate_all(
    chosen: Sequence[str | Path],
    data: str | Path | DataSet,
    *,
    engine: str = "auto",
    against: str | Path | None = None,
    against_engine: str = "auto",
    task: str = "auto",
    samples: int | None = None,
    seed: int = 0,
) -> Evaluations:
    """`evaluate` for each model; data and the model to compare with are read and run once."""
    loaded = data if isinstance(data, DataSet) else data_room.load(data)
    if samples is not None:
        loaded = loaded.take(samples, seed)
    second = others = None
    if against is not None:
        second = evaluator(against, against_engine)
        with stage(f"run {second.model}"):
            others = second.predict(loaded)
    done = []
    for model in chosen:
        first = evaluator(model, engine)
        with stage(f"run {first.model}"):
            outputs = first.predict(loaded)
        kind = task_of(loaded.inputs, outputs, loaded.labels) if task == "auto" else Task(task)
        shown = other = None
        if loaded.labels is not None or kind is Task.RECONSTRUCTION or others is None:
            shown = score(kind, loaded.inputs, outputs, loaded.labels)
            other = None if others is None else score(kind, loaded.inputs, others, loaded.labels)
        done.append(
            Evaluation(
                model=first.model,
                engine=first.engine,
                model_sha256=first.sha256,
                nbytes=first.nbytes,
                data=loaded.name,
                data_sha256=loaded.sha256,
                task=kind,
                score=shown,
                against=None if second is None else f"{second.model} ({second.engine.value})",
                against_score=other,
                agreement=None if others is None else agreement(kind, outputs, others),
                classes=loaded.classes or None,
                difference_inside_interval=_inside(shown, other),
            )
        )
    return Evaluations(evaluations=tuple(done))


def _inside(first: Score | None, second: Score | None) -> bool | None:
    """Whether the set cannot tell two classifiers apart."""
    if first is None or second is None or first.interval is None or second.accuracy is None:
        return None
    low, high = first.interval
    return low <= second.accuracy <= high


def evaluator(model: str | Path, engine: str = "auto") -> Evaluator:
    """`model` made ready: a .tflite file under an engine, anything else under Keras."""
    path = Path(str(model))
    if path.suffix.lower() == ".tflite":
        return _of_tflite(path, Engine.HOST if engine == "auto" else Engine(engine))
    if engine not in ("auto", Engine.KERAS.value):
        raise UsageError(
            f"engine {engine} runs .tflite files",
            which=model,
            next_step="convert the model first, or leave out --engine",
        )
    return _of_keras(model)


def _of_keras(spec: str | Path) -> Evaluator:
    from tinyml_compress import models

    loaded = models.load(spec)
    keras_model = loaded.model

    def predict(data: DataSet) -> Floats:
        arrays = data.for_inputs(loaded.input_names, loaded.input_shapes)
        outputs = keras_model.predict(arrays[0] if len(arrays) == 1 else arrays, verbose=0, batch_size=64)
        return np.asarray(outputs[0] if isinstance(outputs, list) else outputs, dtype=np.float32)

    return Evaluator(str(spec), Engine.KERAS, loaded.origin.sha256, None, predict)


def _of_tflite(path: Path, engine: Engine) -> Evaluator:
    from tinyml_compress.runners import host, tflm

    if engine not in (Engine.HOST, Engine.TFLM, Engine.AOT):
        raise UsageError(
            f"engine {engine.value} does not run .tflite files here", which=path, allowed="host, tflm, aot"
        )
    content = files.read_bytes(path)
    if engine is Engine.AOT:
        predict = _compiled(path, content)
    else:
        room = host if engine is Engine.HOST else tflm

        def predict(data: DataSet) -> Floats:
            outputs: Floats = room.predict(content, *arrays_for(data, described_inputs(content)))
            return outputs

    return Evaluator(str(path), engine, files.sha256(content), len(content), predict)


def _compiled(path: Path, content: bytes) -> Callable[[DataSet], Floats]:
    from tinyml_compress.pipeline.compile.verb import compile_model
    from tinyml_compress.runners import native
    from tinyml_compress.runners.sides import dequantized, stored_inputs
    from tinyml_compress.support.c_names import c_name

    program = compile_model(content, c_name(path.stem))

    def predict(data: DataSet) -> Floats:
        (code,) = native.load([program])
        rows = []
        for row in stored_inputs(program.inputs, arrays_for(data, program.inputs)):
            code.reset()
            rows.append(code.invoke(row)[0][0])
        return dequantized(np.stack(rows), program.outputs[0])

    return predict
