"""A model of any form on a data set: its score, and its agreement with another model."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import data as data_room
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError
from tinyml_compress.evaluation import Accuracy, Agreement, Reconstruction, Task, agreement, score, task_of
from tinyml_compress.pipeline.engines import described_inputs
from tinyml_compress.pipeline.model_inputs import arrays_for
from tinyml_compress.support import files
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.progress import stage
from tinyml_compress.support.table import Block, Cell, Column, Numbers, Row, Table, facts
from tinyml_compress.support.trust import trusting

__all__ = ["Engine", "Evaluation", "Evaluator", "evaluate", "evaluate_all", "evaluations_table", "evaluator"]

Floats = npt.NDArray[np.float32]


class Engine(Enum):
    """What computes the outputs."""

    KERAS = "keras"
    HOST = "host"
    """TensorFlow Lite on this machine."""
    TFLM = "tflm"
    AOT = "aot"
    """Our generated C, compiled for this machine."""


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


@dataclass(frozen=True)
class Evaluation(Displayed):
    """One model's result on a set, and its agreement with another model where one was given."""

    model: str
    engine: Engine
    model_sha256: str
    nbytes: int | None
    data: str
    data_sha256: str
    task: Task
    score: Accuracy | Reconstruction | None
    """Absent when the set has no labels and the model is compared with another."""
    against: str | None
    against_score: Accuracy | Reconstruction | None
    agreement: Agreement | None
    classes: tuple[str, ...] = ()
    """Names of the classes, where the set has them."""

    def as_json(self) -> dict[str, object]:
        """The result as `evaluate --json` prints it."""
        shown: dict[str, object] = {
            "schema": 1,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "engine": self.engine.value,
            "data": self.data,
            "data_sha256": self.data_sha256,
            "task": self.task.value,
        }
        if self.nbytes is not None:
            shown["bytes"] = self.nbytes
        if self.classes:
            shown["classes"] = list(self.classes)
        if self.score is not None:
            shown["score"] = _score_json(self.score)
        if self.against is not None and self.agreement is not None:
            shown["against"] = self.against
            if self.against_score is not None:
                shown["against_score"] = _score_json(self.against_score)
            if self.inside_interval is not None:
                shown["difference_inside_interval"] = self.inside_interval
            shown["agreement"] = {
                "total": self.agreement.total,
                "max_difference": self.agreement.max_difference,
                "mean_difference": self.agreement.mean_difference,
                **({} if self.agreement.same is None else {"same": self.agreement.same}),
            }
        return shown

    @property
    def inside_interval(self) -> bool | None:
        """Whether the other model's accuracy lies inside this one's interval, so the set cannot tell them
        apart.
        """
        if not isinstance(self.score, Accuracy) or not isinstance(self.against_score, Accuracy):
            return None
        low, high = self.score.interval
        return low <= self.against_score.value <= high

    def blocks(self) -> list[Block]:
        """The result in a few lines."""
        rows: list[tuple[str, Cell]] = [("model", f"{self.model} ({self.engine.value})"), ("data", self.data)]
        if self.nbytes is not None:
            rows.insert(1, ("size", Numbers((self.nbytes,), "{:,} B")))
        measure = "accuracy" if self.task is Task.CLASSIFICATION else "error"
        if self.score is not None:
            rows.append((measure, self.score.numbers))
        if self.against is not None:
            rows.append(("against", self.against))
            if self.against_score is not None:
                rows.append((f"  its {measure}", self.against_score.numbers))
            if self.inside_interval is not None:
                inside = "inside the interval: this set cannot tell the two apart"
                rows.append(("  difference", inside if self.inside_interval else "outside the interval"))
            rows.append(("agreement", str(self.agreement)))
        return [facts(rows)]


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
        (done,) = evaluate_all(
            [model],
            data,
            engine=engine,
            against=against,
            against_engine=against_engine,
            task=task,
            samples=samples,
            seed=seed,
        )
    return done


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
) -> list[Evaluation]:
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
                classes=loaded.classes,
            )
        )
    return done


def evaluations_table(done: Sequence[Evaluation]) -> Table:
    """Several models on one set, side by side, without the folders that all of them share."""
    folders = [str(Path(one.model).parent) for one in done]
    shared = (
        os.path.commonpath(folders) if len({Path(folder).is_absolute() for folder in folders}) == 1 else ""
    )
    columns = [
        Column("model"),
        Column("engine", priority=4),
        Column("bytes", "{:,}"),
        Column("score", right=True),
        Column("95% interval", right=True, priority=2),
        Column("right", right=True, priority=3),
    ]
    against = done[0].against
    if against is not None:
        columns += [
            Column("same", right=True, priority=1),
            Column("largest difference", "{:.4g}", priority=5),
            Column("on average", "{:.4g}", priority=6),
        ]
    rows = tuple(_row(one, shared, against is not None) for one in done)
    notes = [f"models below {shared}"] if shared else []
    if against is not None:
        notes.append(f"`same` is agreement with {against}; differences are those of the outputs")
    return Table(tuple(columns), rows, f"{len(done)} models on {done[0].data}", tuple(notes))


def _row(done: Evaluation, shared: str, compared: bool) -> Row:
    name = os.path.relpath(done.model, shared) if shared and os.sep in done.model else done.model
    return (
        name,
        done.engine.value,
        done.nbytes,
        *_score_cells(done.score),
        *(_agreement_cells(done.agreement) if compared else ()),
    )


def _score_cells(found: Accuracy | Reconstruction | None) -> Row:
    if found is None:
        return (None, None, None)
    if isinstance(found, Reconstruction):
        return (found.numbers, None, None)
    interval = Numbers(found.interval, "{:.1%} to {:.1%}")
    return (Numbers((found.value,), "{:.1%}"), interval, Numbers((found.correct, found.total), "{} of {}"))


def _agreement_cells(found: Agreement | None) -> Row:
    return (
        (None, None, None) if found is None else (found.numbers, found.max_difference, found.mean_difference)
    )


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

    if engine is Engine.KERAS:
        raise UsageError("Keras does not run .tflite files", which=path, allowed="host, tflm, aot")
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
    from tinyml_compress.pipeline.compilation import compile_model
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


def _score_json(value: Accuracy | Reconstruction) -> dict[str, object]:
    if isinstance(value, Accuracy):
        low, high = value.interval
        return {
            "accuracy": value.value,
            "correct": value.correct,
            "total": value.total,
            "interval_95": [low, high],
            **({"confusion": [list(row) for row in value.confusion]} if value.confusion else {}),
        }
    return {"mae": value.mae, "total": value.total, **({} if value.auc is None else {"auc": value.auc})}
