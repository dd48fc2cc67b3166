"""What a run of a recipe needs from outside: its data in two parts, the user's functions, stored models,
versions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress import data as data_room
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, ModelError, UsageError
from tinyml_compress.support.user_code import callable_of, called
from tinyml_compress.techniques.augmentation import augmented, words_of
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.recipe import Recipe, TaskOptions

__all__ = [
    "Parts",
    "all_parts",
    "load_stage",
    "outputs_of_file",
    "samples_of",
    "source_of",
    "split_data",
    "task_changes",
]


Parts = tuple[DataSet | None, DataSet | None]
"""What trains or calibrates, and what is scored."""


def all_parts(
    data: str | Path | DataSet | None, eval_data: str | Path | DataSet | None, recipe: Recipe, folds: int
) -> list[Parts]:
    """`split_data`, or as many pairs as there are `folds`, whose second parts together are all of `data`."""
    if folds < 2:
        return [split_data(data, eval_data, recipe)]
    if data is None or eval_data is not None:
        raise UsageError(
            "folds are parts of the samples that train or calibrate",
            which="--folds",
            found="no --data" if data is None else "--eval-data beside it",
            next_step="give --data alone: every sample of it is judged by a run that did not see it",
        )
    return list(_folded(data if isinstance(data, DataSet) else data_room.load(data), folds, recipe.seed))


def split_data(
    data: str | Path | DataSet | None, eval_data: str | Path | DataSet | None, recipe: Recipe
) -> Parts:
    """Training set and evaluation set."""
    tests = (
        None
        if eval_data is None
        else eval_data
        if isinstance(eval_data, DataSet)
        else data_room.load(eval_data)
    )
    if data is None:
        if any(stage.options.trains or isinstance(stage.options, ConvertOptions) for stage in recipe.stages):
            needs = next(
                s.name for s in recipe.stages if s.options.trains or isinstance(s.options, ConvertOptions)
            )
            raise UsageError(
                "the recipe needs data", which=f"{recipe.name}: {needs}", next_step="give --data"
            )
        return None, tests
    if tests is not None:
        return data if isinstance(data, DataSet) else data_room.load(data), tests
    if not isinstance(data, DataSet):
        text = str(data).removesuffix(":train")
        try:
            return data_room.load(f"{text}:train"), data_room.load(f"{text}:test")
        except (DataError, UsageError):
            data = data_room.load(data)  # the set has no parts
    return next(_folded(data, 5, recipe.seed))


def _folded(data: DataSet, folds: int, seed: int) -> Iterator[tuple[DataSet, DataSet]]:
    """As many ways to keep one of `folds` parts out of training; the parts are disjoint."""
    if data.count < folds:
        raise DataError(
            "too few samples to keep some out of training",
            which=data.name,
            found=data.count,
            allowed=f">= {folds}",
        )
    order, held = np.random.default_rng(seed).permutation(data.count), data.count // folds
    for start, end in pairwise([*range(0, held * folds, held), data.count]):
        rest = np.delete(order, slice(start, end))
        yield (
            _part(data, np.sort(rest), f"{folds - 1} of {folds}"),
            _part(data, np.sort(order[start:end]), f"1 of {folds}"),
        )


def _part(data: DataSet, chosen: Any, what: str) -> DataSet:
    labels = None if data.labels is None else data.labels[chosen]
    return replace(data, name=f"{data.name} ({what})", inputs=data.inputs[chosen], labels=labels)


def outputs_of_file(path: Path, inputs: Any) -> Any:
    """Real outputs of a .tflite file; what TensorFlow Lite has no kernel for, TensorFlow Lite
    Micro may run.
    """
    from tinyml_compress.pipeline.evaluate.verb import evaluator
    from tinyml_compress.runners import tflm

    samples = DataSet("samples", inputs)
    try:
        return evaluator(path).predict(samples)
    except ModelError:
        if not tflm.available():
            raise
        return evaluator(path, "tflm").predict(samples)


def samples_of(data: DataSet) -> Any:
    from tinyml_compress.techniques.training import Samples

    return Samples(data.inputs, data.labels)


def load_stage(path: Path, original: Any) -> Any:
    """A stage's model; layer classes of the user's own are known from the model that he gave."""
    from tinyml_compress.models import load_again

    return load_again(path, original)


def task_changes(recipe: Recipe) -> dict[str, Any]:
    """The recipe's task as arguments of `task_for`."""
    task = recipe.task
    changes: dict[str, Any] = {
        "kind": task.kind,
        "optimizer": task.optimizer,
        "batch_size": task.batch_size,
        "seed": recipe.seed,
        "loss": {"mse": "mse", "mae": "mae"}.get(task.loss or ""),
        "augment": None if task.augment is None else _augmentation(task.augment),
    }
    if task.module is not None:
        given = called(task.module, UsageError, "a function without arguments that returns a dict")
        if not isinstance(given, dict) or set(given) - {"kind", "loss", "optimizer", "batch_size", "augment"}:
            raise UsageError(
                "the task's function must return a dict",
                which=task.module,
                found=given,
                allowed="any of kind, loss, optimizer, batch_size, augment",
            )
        changes.update(given)
    return changes


def _augmentation(spec: str) -> Callable[..., Any]:
    words = words_of(spec)
    return augmented(words, "augment") if words else _function(spec)


def _function(spec: str) -> Callable[..., Any]:
    return callable_of(spec, UsageError, "a function: recipes/README.md says what it is called with")


def source_of(task: TaskOptions) -> str:
    """The text of the user's own functions: a change in them is a change of the recipe."""
    parts = []
    for spec in (task.augment, task.module):
        if spec is not None and not words_of(spec):
            module = inspect.getmodule(_function(spec))
            parts.append(inspect.getsource(module) if module is not None else spec)
    return "\0".join(parts)
