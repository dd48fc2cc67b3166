"""How the models of a run are scored: on which samples, by which measure, and what each sample is worth."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import Any

import numpy.typing as npt
from msgspec.structs import replace

from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError
from tinyml_compress.evaluation import ScoreKind, confusion_of, wilson
from tinyml_compress.pipeline.compress.inputs import samples_of, task_changes
from tinyml_compress.pipeline.compress.layer_weights import weights_of_keras
from tinyml_compress.results import StageResult
from tinyml_compress.techniques.recipe import Recipe

Scored = tuple[StageResult, "npt.NDArray[Any] | None"]
"""A result with its score, and what each scored sample is worth, where there are any."""


class Scoring:
    """Of one run: the task that is scored, and the one that stages train."""

    def __init__(self, model: Any, train: DataSet | None, tests: DataSet | None, recipe: Recipe) -> None:
        self._model, self._train, self.tests, self._recipe = model, train, tests, recipe
        self.task = self._scored_task()
        self.learning = self._learnt_task()

    @property
    def metric(self) -> str:
        return self.task.metric.value if self.task is not None else "none"

    def _scored_task(self) -> Any:
        from tinyml_compress.techniques.training import task_for

        if self._train is None:
            return None
        try:
            task = self._task_of(self._train)
            if self.tests is not None and task.metric is ScoreKind.MSE:
                # a detector's train part may hold normal samples only: what is scored on decides how it is
                # scored
                scored = task_for(self._model, samples_of(self.tests), kind=task.kind)
                task = changed(task, metric=scored.metric)
            return task
        except DataError:
            if self._recipe.needs_labels or (self._train.labels is not None and self._recipe.trains):
                raise
            # data without labels is enough where nothing is trained, or the float model teaches; scores may
            # have their own
            return None if self.tests is None or self.tests.labels is None else self._task_of(self.tests)

    def _learnt_task(self) -> Any:
        """How stages train: as they are scored, or, without labels, by following the float model."""
        from tinyml_compress.techniques.training import task_for

        if self._train is None or self._train.labels is not None or not self._recipe.trains:
            return self.task
        changes = task_changes(self._recipe)
        return task_for(self._model, samples_of(self._train), taught=True, **changes)

    def _task_of(self, data: DataSet) -> Any:
        from tinyml_compress.techniques.training import task_for

        return task_for(self._model, samples_of(data), **task_changes(self._recipe))

    def of_model(self, result: StageResult, model: Any) -> Scored:
        """Score, interval and counts of a Keras model."""
        from tinyml_compress.pipeline.compress.stages import sizes_of
        from tinyml_compress.techniques.sparsity import zeros_of
        from tinyml_compress.techniques.training import outputs_of

        worths = None
        if self.tests is not None and self.task is not None:
            result, worths = self.of_outputs(result, outputs_of(model, self.tests.inputs))
        layers = tuple((row.layer, round(row.part, 6), row.weights) for row in zeros_of(model))
        counts = replace(result, sizes=sizes_of(model), layers=layers, weights=weights_of_keras(model))
        return counts, worths

    def of_outputs(self, result: StageResult, outputs: Any) -> Scored:
        """With what the outputs for the evaluation samples are worth."""
        from tinyml_compress.techniques.training import score_of, worths_of

        assert self.tests is not None
        tests, count = samples_of(self.tests), self.tests.count
        value = score_of(outputs, self.task, tests)
        worths = worths_of(outputs, self.task, tests)
        if self.task.metric is not ScoreKind.ACCURACY:
            return replace(result, score=value), worths
        confusion = confusion_of(outputs, self.tests.labels)
        interval = wilson(round(value * count), count)
        return replace(result, score=value, interval=interval, confusion=confusion), worths
