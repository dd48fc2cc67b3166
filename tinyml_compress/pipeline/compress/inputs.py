"""What a run of a recipe needs from outside: its data in two parts, the user's functions, stored models,
versions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.data import DataSet
from tinyml_compress.data.split import folded, loaded, split_data
from tinyml_compress.errors import ModelError, UsageError
from tinyml_compress.support.user_code import callable_of, called
from tinyml_compress.techniques.augmentation import augmented, words_of
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.recipe import Recipe, TaskOptions

Parts = tuple[DataSet | None, DataSet | None]
"""What trains or calibrates, and what is scored."""


def all_parts(
    data: str | Path | DataSet | None, eval_data: str | Path | DataSet | None, recipe: Recipe, folds: int
) -> list[Parts]:
    """The recipe's two parts, or as many pairs as there are `folds`, whose second parts together are all of
    `data`.
    """
    if folds < 2:
        return [_two_parts(data, eval_data, recipe)]
    if data is None or eval_data is not None:
        raise UsageError(
            "folds are parts of the samples that train or calibrate",
            which="--folds",
            found="no --data" if data is None else "--eval-data beside it",
            next_step="give --data alone: every sample of it is judged by a run that did not see it",
        )
    return list(folded(loaded(data), folds, recipe.seed))


def _two_parts(
    data: str | Path | DataSet | None, eval_data: str | Path | DataSet | None, recipe: Recipe
) -> Parts:
    if data is not None:
        return split_data(data, eval_data, recipe.seed)
    asking = (s.name for s in recipe.stages if s.options.trains or isinstance(s.options, ConvertOptions))
    needs = next(asking, None)
    if needs is not None:
        raise UsageError("the recipe needs data", which=f"{recipe.name}: {needs}", next_step="give --data")
    return None, None if eval_data is None else loaded(eval_data)


def outputs_of_file(path: Path, inputs: Any) -> Any:
    """Real outputs of a .tflite file; what TensorFlow Lite has no kernel for, TensorFlow Lite
    Micro may run.
    """
    from tinyml_compress.pipeline.evaluate.evaluator import evaluator
    from tinyml_compress.runners import tflm

    samples = DataSet("samples", inputs)
    try:
        return evaluator(path).predict(samples)
    except ModelError:
        if not tflm.available():
            raise
        return evaluator(path, "tflm").predict(samples)


def with_answers(model: Any, data: DataSet) -> DataSet | None:
    """Its samples with the model's answers for labels; None where the outputs are no classes."""
    from tinyml_compress.techniques.training import outputs_of

    if len(model.outputs) != 1 or len(model.output_shape) != 2 or model.output_shape[1] < 2:
        return None
    return replace(data, labels=np.asarray(outputs_of(model, data.inputs).argmax(axis=1), np.int64))


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
