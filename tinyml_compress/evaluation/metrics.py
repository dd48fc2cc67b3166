"""Metrics on arrays of outputs in real values. Nothing here runs a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, ModelError
from tinyml_compress.support.table import Numbers

__all__ = [
    "Accuracy",
    "Agreement",
    "Reconstruction",
    "Task",
    "accuracy",
    "agreement",
    "answers",
    "area_under_curve",
    "mean_absolute_error",
    "mean_squared_error",
    "reconstruction",
    "score",
    "squared_errors",
    "task_of",
    "wilson",
]

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Array = npt.NDArray[np.number[Any]]
_MOST_CLASSES = 100
_Z95 = 1.959963984540054


class Task(Enum):
    """What the outputs mean."""

    CLASSIFICATION = "classification"
    RECONSTRUCTION = "reconstruction"
    """The output repeats the input (an autoencoder): a large error marks an anomaly."""


@dataclass(frozen=True)
class Accuracy:
    """Right answers among `total`, with the 95% Wilson interval of the share.

    Where a sample has many answers, one per pixel, they do not err apart from one another: the interval is
    that of as many answers as there are samples.
    """

    correct: int
    total: int
    confusion: tuple[tuple[int, ...], ...] = field(default=(), repr=False, compare=False)
    """Answers by true class (rows) and answer (columns); empty beyond 100 classes."""
    each: int = 1
    """Answers of one sample."""

    @property
    def value(self) -> float:
        return self.correct / self.total

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(round(self.correct / self.each), self.total // self.each)

    @property
    def numbers(self) -> Numbers:
        """For a cell of a table."""
        return Numbers(
            (self.value, *self.interval, self.correct, self.total), "{:.1%} ({:.1%} to {:.1%}, {} of {})"
        )

    def __str__(self) -> str:
        return str(self.numbers)


@dataclass(frozen=True)
class Reconstruction:
    """Mean absolute error over all samples, and how well the squared error ranks anomalies (label 1) above
    the rest.
    """

    mae: float
    total: int
    auc: float | None
    """Absent without labels, or where all labels are the same."""

    @property
    def value(self) -> float:
        return self.mae

    @property
    def numbers(self) -> Numbers:
        """For a cell of a table."""
        if self.auc is None:
            return Numbers((self.mae, self.total), "MAE {:.4g} ({} samples)")
        return Numbers((self.mae, self.auc, self.total), "MAE {:.4g}, AUC {:.3f} ({} samples)")

    def __str__(self) -> str:
        return str(self.numbers)


@dataclass(frozen=True)
class Agreement:
    """How near two models are on the same samples."""

    same: int | None
    """Samples on which both answer with the same class; absent for reconstruction."""
    total: int
    max_difference: float
    mean_difference: float

    @property
    def value(self) -> float | None:
        return None if self.same is None else self.same / self.total

    @property
    def numbers(self) -> Numbers | None:
        """The answers that are the same, for a cell of a table."""
        if self.same is None:
            return None
        return Numbers((self.same / self.total, self.same, self.total), "{:.1%} ({} of {})")

    def __str__(self) -> str:
        apart = f"outputs differ by {self.max_difference:.4g} at most, {self.mean_difference:.4g} on average"
        return apart if self.numbers is None else f"{self.numbers}; {apart}"


def wilson(correct: int, total: int, z: float = _Z95) -> tuple[float, float]:
    """Wilson's score interval of a share: sound for small samples and near 0 and 1, unlike the normal one."""
    if not 0 <= correct <= total or total < 1:
        raise ValueError(f"{correct} of {total} is not a share")
    share, extra = correct / total, z * z / total
    middle = (share + extra / 2) / (1 + extra)
    half = z / (1 + extra) * float(np.sqrt(share * (1 - share) / total + extra / (4 * total)))
    return max(0.0, middle - half), min(1.0, middle + half)


def task_of(inputs: Floats, outputs: Floats, labels: Labels | None = None) -> Task:
    """Reconstruction where the output has as many values as the input, unless the labels count just as many
    classes.
    """
    values = int(np.prod(outputs.shape[1:]))
    classes = labels is not None and labels.max(initial=-1) + 1 == values
    same = int(np.prod(inputs.shape[1:])) == values
    return Task.RECONSTRUCTION if same and not classes else Task.CLASSIFICATION


def score(task: Task, inputs: Floats, outputs: Floats, labels: Labels | None) -> Accuracy | Reconstruction:
    """The metric of the task."""
    if task is Task.RECONSTRUCTION:
        return reconstruction(inputs, outputs, labels)
    if labels is None:
        raise DataError(
            "accuracy needs labels", next_step="give a set with labels, or compare two models with --against"
        )
    return accuracy(outputs, labels)


def accuracy(outputs: Floats, labels: Labels) -> Accuracy:
    """Share of samples whose largest output stands at the label, see `answers`.

    Labels of several places per sample (a class for each pixel) ask the outputs along the last axis.
    """
    each = int(np.prod(labels.shape[1:]))
    if each > 1:
        outputs, labels = _by_place(outputs, labels), labels.reshape(-1)
    found = _finite_answers(outputs)
    classes = max(2, int(np.prod(outputs.shape[1:])))
    if labels.max(initial=0) >= classes:
        raise DataError(
            "a label is beyond the model's classes",
            found=int(labels.max()),
            allowed=f"0 to {classes - 1}",
            next_step="evaluate with the set that the model was trained for",
        )
    return Accuracy(int((found == labels).sum()), len(labels), _confusion(found, labels, classes), each)


def _by_place(outputs: Floats, labels: Labels) -> Floats:
    """One row of outputs for each place of each sample."""
    if outputs.shape[:-1] != labels.shape:
        raise DataError(
            "the outputs are not at the places of the labels",
            found=f"outputs {outputs.shape[1:]} for labels {labels.shape[1:]}",
            allowed=f"outputs {labels.shape[1:]} and one value per class",
            next_step="evaluate with the set that the model was trained for",
        )
    return outputs.reshape(-1, outputs.shape[-1])


def _confusion(found: Labels, labels: Labels, classes: int) -> tuple[tuple[int, ...], ...]:
    if classes > _MOST_CLASSES:
        return ()
    counts = np.bincount(labels * classes + found, minlength=classes * classes).reshape(classes, classes)
    return tuple(tuple(int(count) for count in row) for row in counts)


def reconstruction(inputs: Floats, outputs: Floats, labels: Labels | None) -> Reconstruction:
    """Errors between inputs and outputs of the same size."""
    _finite(outputs)
    wanted, got = inputs.reshape(len(inputs), -1), outputs.reshape(len(outputs), -1)
    if wanted.shape != got.shape:
        raise DataError(
            "the output is not as large as the input, so it is no reconstruction",
            found=f"{got.shape[1]} values",
            allowed=f"{wanted.shape[1]} values",
        )
    auc = None
    if labels is not None and set(np.unique(labels).tolist()) == {0, 1}:
        auc = area_under_curve(squared_errors(wanted, got), labels)
    return Reconstruction(mean_absolute_error(wanted, got), len(inputs), auc)


def squared_errors(wanted: Array, found: Array) -> npt.NDArray[np.float64]:
    """Per sample, the mean over its values: what ranks anomalies."""
    mean: npt.NDArray[np.float64] = (_difference(wanted, found) ** 2).reshape(len(found), -1).mean(axis=1)
    return mean


def area_under_curve(scores: npt.NDArray[np.float64], labels: Labels) -> float:
    """Chance that a sample of class 1 scores above one of class 0; equal scores count half."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place.reshape(-1)]
    ones = labels.reshape(-1) == 1
    many, others = int(ones.sum()), int((~ones).sum())
    if not many or not others:
        raise DataError("AUC needs normal and anomalous samples", found=f"{others} normal, {many} anomalous")
    return float((ranks[ones].sum() - many * (many + 1) / 2) / (many * others))


def mean_absolute_error(wanted: Array, found: Array) -> float:
    """Over all values of all samples."""
    return float(np.abs(_difference(wanted, found)).mean())


def mean_squared_error(wanted: Array, found: Array) -> float:
    """Over all values of all samples."""
    return float((_difference(wanted, found) ** 2).mean())


def _difference(wanted: Array, found: Array) -> npt.NDArray[np.float64]:
    return np.asarray(found, np.float64) - np.asarray(wanted, np.float64).reshape(found.shape)


def agreement(task: Task, first: Floats, second: Floats) -> Agreement:
    """Of two models' outputs on the same samples."""
    if first.size != second.size or len(first) != len(second):
        raise ModelError(
            "the two models have outputs of different shapes", found=f"{first.shape} and {second.shape}"
        )
    _finite(first)
    _finite(second)
    apart = np.abs(first.reshape(len(first), -1).astype(np.float64) - second.reshape(len(second), -1))
    same = (
        None
        if task is Task.RECONSTRUCTION
        else int((_finite_answers(first) == _finite_answers(second)).sum())
    )
    return Agreement(same, len(first), float(apart.max()), float(apart.mean()))


def answers(outputs: Array) -> Labels:
    """The class that each row of outputs names: the place of the largest.

    A single output is class 1 above 0.5 where all are probabilities, above 0 where they are logits.
    """
    flat = outputs.reshape(len(outputs), -1)
    if flat.shape[1] == 1:
        edge = 0.5 if flat.min() >= 0 and flat.max() <= 1 else 0.0
        return (flat[:, 0] > edge).astype(np.int64)
    return np.asarray(flat.argmax(axis=1), dtype=np.int64)


def _finite_answers(outputs: Floats) -> Labels:
    _finite(outputs)
    return answers(outputs)


def _finite(outputs: Floats) -> None:
    if not np.isfinite(outputs).all():
        raise ModelError(
            "the model gives values that are not finite numbers",
            found=f"{int((~np.isfinite(outputs)).sum())} of {outputs.size} outputs",
            next_step="check its weights and the range of its inputs",
        )
