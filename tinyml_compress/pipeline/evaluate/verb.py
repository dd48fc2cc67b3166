"""A model of any form on a data set: its score, and its agreement with another model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyml_compress import data as data_room
from tinyml_compress.data import DataSet
from tinyml_compress.evaluation import agreement, score, task_of
from tinyml_compress.pipeline.evaluate.file_engines import Predict
from tinyml_compress.pipeline.sources.source import Source, source_of
from tinyml_compress.results import Engine, Evaluation, Evaluations, Score, Task
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting


@dataclass(frozen=True)
class Evaluator:
    """A model that is ready to compute outputs for samples."""

    model: str
    engine: Engine
    sha256: str
    nbytes: int | None
    """Size of the .tflite file; absent for Keras models."""
    predict: Predict


@dataclass(frozen=True)
class Question:
    """What is asked of each model."""

    data: str | Path | DataSet
    engine: str = "auto"
    """What runs a .tflite file: host (the default), tflm or aot; other models run under Keras."""
    against: str | Path | None = None
    """The model to compare with."""
    against_engine: str = "auto"
    task: str = "auto"
    samples: int | None = None
    seed: int = 0

    def samples_of(self) -> DataSet:
        loaded = self.data if isinstance(self.data, DataSet) else data_room.load(self.data)
        return loaded if self.samples is None else loaded.take(self.samples, self.seed)


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
    question = Question(data, engine, against, against_engine, task, samples, seed)
    with trusting(trust):
        return evaluated([model], question).evaluations[0]


def evaluated(chosen: Sequence[str | Path], question: Question) -> Evaluations:
    """`evaluate` for each model; data and the model to compare with are read and run once."""
    loaded = question.samples_of()
    second = others = None
    if question.against is not None:
        second = evaluator(question.against, question.against_engine)
        with stage(f"run {second.model}"):
            others = second.predict(loaded)
    done = []
    for model in chosen:
        first = evaluator(model, question.engine)
        with stage(f"run {first.model}"):
            outputs = first.predict(loaded)
        kind = (
            task_of(loaded.inputs, outputs, loaded.labels) if question.task == "auto" else Task(question.task)
        )
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


def evaluator(model: str | Path | Source, engine: str = "auto") -> Evaluator:
    """`model` made ready under an engine, or the one that its form means."""
    source = model if isinstance(model, Source) else source_of(model)
    chosen = source.engine(engine)
    size = None if source.file is None else len(source.file)
    return Evaluator(source.spec, chosen, source.origin.sha256, size, source.predictor(chosen))
