"""A model of any form on a data set: its score, and its agreement with another model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tinyml_compress import data as data_room
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError
from tinyml_compress.evaluation import agreement, score, similarity, task_of
from tinyml_compress.frontends.preprocessing import Arithmetic
from tinyml_compress.pipeline.compile.places import numbers_for
from tinyml_compress.pipeline.evaluate.evaluator import Evaluator, evaluator
from tinyml_compress.pipeline.evaluate.file_engines import compiled
from tinyml_compress.pipeline.measure import target as targets
from tinyml_compress.pipeline.sources.source import source_of
from tinyml_compress.results import Engine, Evaluation, Evaluations, Score, Task
from tinyml_compress.support.c_names import c_name
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting


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
    target: str | None = None
    """A board on which our C answers, emulated."""
    frontend: str = "fixed"
    """Numbers of the front end in our C."""

    def evaluator(self, model: str | Path) -> Evaluator:
        if self.target is None:
            return evaluator(model, self.engine)
        return on_target(model, self.engine, self.target)

    def samples_of(self) -> DataSet:
        loaded = self.data if isinstance(self.data, DataSet) else data_room.load(self.data)
        numbers = numbers_for(self.frontend, self.target, None)
        if numbers is Arithmetic.FLOAT and self.target is None and self.engine != Engine.AOT.value:
            raise UsageError(
                "a front end in floats is one of generated C",
                which="--frontend float",
                next_step="--engine aot, or --target with a board",
            )
        loaded = replace(loaded, preprocessing=replace(loaded.preprocessing, generated=numbers))
        return loaded if self.samples is None else loaded.take(self.samples, self.seed)


def evaluate(
    model: str | Path,
    data: str | Path | DataSet,
    *,
    engine: str = "auto",
    target: str | None = None,
    frontend: str = "fixed",
    against: str | Path | None = None,
    against_engine: str = "auto",
    task: str = "auto",
    samples: int | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Evaluation:
    """Score `model` on `data`; with `against`, also how far it agrees with that model.

    `engine` and `against_engine` are what runs a .tflite file: host (the default), tflm or aot; other models
    run under Keras. `target` is a board: our C answers there, emulated. `frontend`
    "float" makes its features in floats. `trust` is your word for model
    files that hold code.
    """
    question = Question(data, engine, against, against_engine, task, samples, seed, target, frontend)
    with trusting(trust):
        return evaluated([model], question).evaluations[0]


def evaluated(chosen: Sequence[str | Path], question: Question) -> Evaluations:
    """`evaluate` for each model; data and the model to compare with are read and run once."""
    loaded = question.samples_of()
    told = None
    for one in (*chosen, *(() if question.against is None else (question.against,))):
        source = source_of(one)
        loaded = source.fitting(loaded)
        told = told or source.task
    second = others = None
    if question.against is not None:
        second = evaluator(question.against, question.against_engine)
        with stage(f"run {second.model}"):
            others = second.predict(loaded)
    done = []
    for model in chosen:
        first = question.evaluator(model)
        with stage(f"run {first.model}"):
            outputs = first.predict(loaded)
        kind = (
            told or task_of(loaded.inputs, outputs, loaded.labels)
            if question.task == "auto"
            else Task(question.task)
        )
        shown = other = None
        if kind is Task.EMBEDDING and others is not None:
            shown = similarity(others, outputs)
        elif loaded.labels is not None or kind is Task.RECONSTRUCTION or others is None:
            shown = score(kind, loaded.inputs, outputs, loaded.labels)
            other = None if others is None else score(kind, loaded.inputs, others, loaded.labels)
        done.append(
            Evaluation(
                model=first.model,
                engine=first.engine,
                device=question.target,
                model_sha256=first.sha256,
                nbytes=first.nbytes,
                data=loaded.name,
                data_sha256=loaded.sha256,
                task=kind,
                score=shown,
                against=None if second is None else f"{second.model} ({second.engine.value})",
                against_score=other,
                agreement=None if others is None else agreement(kind, outputs, others, loaded.labels),
                classes=loaded.classes or None,
                unseen_words=loaded.unseen or None,
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


def on_target(model: str | Path, engine: str, name: str) -> Evaluator:
    """A .tflite file as our C on a board."""
    source, place = source_of(model), targets.target(name)
    if source.file is None or engine not in ("auto", Engine.AOT.value):
        raise UsageError(
            "a board answers with generated C of a .tflite file",
            which=f"{model} --engine {engine} --target {name}",
            next_step="convert the model first, and leave out --engine",
        )
    predict = compiled(source.file, c_name(source.title), place.kernels, place.answers)
    return Evaluator(source.spec, Engine.AOT, source.origin.sha256, len(source.file), predict)
