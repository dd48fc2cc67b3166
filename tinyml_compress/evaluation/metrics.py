"""Metrics on arrays of outputs in real values. Nothing here runs a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, ModelError
from tinyml_compress.results import Agreement, Score, Task

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Array = npt.NDArray[np.number[Any]]
_MOST_CLASSES = 100
IGNORED = -100
"""The label of a place that is not asked: PyTorch's number for it."""
_Z95 = 1.959963984540054


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


def score(task: Task, inputs: Floats, outputs: Floats, labels: Labels | None) -> Score:
    """The metric of the task."""
    if task is Task.RECONSTRUCTION:
        return reconstruction(inputs, outputs, labels)
    if task is Task.EMBEDDING:
        raise DataError(
            "an encoder without a head answers no class, so that labels do not score it",
            next_step="compare it with another model: --against, or both in compare",
        )
    if labels is None:
        raise DataError(
            "accuracy needs labels", next_step="give a set with labels, or compare two models with --against"
        )
    return accuracy(outputs, labels)


def accuracy(outputs: Floats, labels: Labels) -> Score:
    """Share of samples whose largest output stands at the label, see `answers`.

    Labels of several places per sample (a class for each pixel or word) ask the outputs along the last axis.
    """
    each = 1.0
    if int(np.prod(labels.shape[1:])) > 1:
        counted = labels.reshape(len(labels), -1) != IGNORED
        outputs, labels = _by_place(outputs, labels), labels[labels != IGNORED]
        each = len(labels) / max(1, int(counted.any(axis=1).sum()))
        if not len(labels):
            raise DataError("no place of any sample has a label", found=f"{IGNORED} everywhere")
    chosen = _finite_answers(outputs)
    classes = max(2, int(np.prod(outputs.shape[1:])))
    if labels.max(initial=0) >= classes:
        raise DataError(
            "a label is beyond the model's classes",
            found=int(labels.max()),
            allowed=f"0 to {classes - 1}",
            next_step="evaluate with the set that the model was trained for",
        )
    confusion = _confusion(chosen, labels, classes)
    return share(int((chosen == labels).sum()), len(labels), confusion=confusion, each=each)


def share(
    correct: int, total: int, *, confusion: tuple[tuple[int, ...], ...] | None = None, each: float = 1
) -> Score:
    """The score of so many right answers, `each` of them of one sample."""
    interval = wilson(round(correct / each), round(total / each))
    return Score(
        accuracy=correct / total, correct=correct, total=total, interval=interval, confusion=confusion
    )


def _by_place(outputs: Floats, labels: Labels) -> Floats:
    """One row of outputs for each place of each sample that counts."""
    if outputs.shape[:-1] != labels.shape:
        raise DataError(
            "the outputs are not at the places of the labels",
            found=f"outputs {outputs.shape[1:]} for labels {labels.shape[1:]}",
            allowed=f"outputs {labels.shape[1:]} and one value per class",
            next_step="evaluate with the set that the model was trained for",
        )
    chosen: Floats = outputs[labels != IGNORED]
    return chosen


def worth(outputs: Floats, labels: Labels) -> npt.NDArray[np.float64]:
    """Per sample, its share of the accuracy: their mean is `accuracy`, however many places a sample has."""
    if labels.ndim == 1:
        return np.asarray(_finite_answers(outputs) == labels, np.float64)
    places = (labels != IGNORED).reshape(len(labels), -1)
    right = np.zeros(places.shape)
    right[places] = _finite_answers(_by_place(outputs, labels)) == labels[labels != IGNORED]
    return np.asarray(right.sum(axis=1) * len(labels) / max(1, int(places.sum())), np.float64)


def similarity(wanted: Floats, outputs: Floats) -> Score:
    """Cosines of the angles between each sample's vectors of two models; none of zeros points anywhere."""
    each = cosines(wanted, outputs)
    mean, spread = float(each.mean()), float(each.std(ddof=1)) if len(each) > 1 else 0.0
    half = _Z95 * spread / float(np.sqrt(len(each)))
    interval = (max(-1.0, mean - half), min(1.0, mean + half))
    return Score(cosine=mean, least_cosine=float(each.min()), total=len(each), interval=interval)


def cosines(wanted: Array, outputs: Array) -> npt.NDArray[np.float64]:
    """Per sample, from 1 (the same direction) to -1."""
    if wanted.shape != outputs.shape:
        raise ModelError(
            "the two models have outputs of different shapes", found=f"{wanted.shape} and {outputs.shape}"
        )
    first, second = (part.reshape(len(part), -1).astype(np.float64) for part in (wanted, outputs))
    _finite(first)
    _finite(second)
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    products = (first * second).sum(axis=1)
    return np.asarray(
        np.clip(np.divide(products, lengths, out=np.zeros(len(first)), where=lengths > 0), -1, 1)
    )


def _confusion(chosen: Labels, labels: Labels, classes: int) -> tuple[tuple[int, ...], ...] | None:
    if classes > _MOST_CLASSES:
        return None
    counts = np.bincount(labels * classes + chosen, minlength=classes * classes).reshape(classes, classes)
    return tuple(tuple(int(count) for count in row) for row in counts)


def reconstruction(inputs: Floats, outputs: Floats, labels: Labels | None) -> Score:
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
    return Score(mae=mean_absolute_error(wanted, got), total=len(inputs), auc=auc)


def squared_errors(wanted: Array, outputs: Array) -> npt.NDArray[np.float64]:
    """Per sample, the mean over its values: what ranks anomalies."""
    mean: npt.NDArray[np.float64] = (_difference(wanted, outputs) ** 2).reshape(len(outputs), -1).mean(axis=1)
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


def mean_absolute_error(wanted: Array, outputs: Array) -> float:
    """Over all values of all samples."""
    return float(np.abs(_difference(wanted, outputs)).mean())


def mean_squared_error(wanted: Array, outputs: Array) -> float:
    """Over all values of all samples."""
    return float((_difference(wanted, outputs) ** 2).mean())


def _difference(wanted: Array, outputs: Array) -> npt.NDArray[np.float64]:
    return np.asarray(outputs, np.float64) - np.asarray(wanted, np.float64).reshape(outputs.shape)


def agreement(task: Task, first: Floats, second: Floats, labels: Labels | None = None) -> Agreement:
    """Of two models' outputs on the same samples; where labels ask several places of each, place by place."""
    if first.size != second.size or len(first) != len(second):
        raise ModelError(
            "the two models have outputs of different shapes", found=f"{first.shape} and {second.shape}"
        )
    _finite(first)
    _finite(second)
    if task is Task.CLASSIFICATION and labels is not None and labels.ndim > 1:
        first, second = _by_place(first, labels), _by_place(second, labels)
    apart = np.abs(first.reshape(len(first), -1).astype(np.float64) - second.reshape(len(second), -1))
    same = (
        None
        if task is not Task.CLASSIFICATION
        else int((_finite_answers(first) == _finite_answers(second)).sum())
    )
    furthest, average = float(apart.max()), float(apart.mean())
    return Agreement(total=len(first), max_difference=furthest, mean_difference=average, same=same)


def confusion_of(outputs: Floats, labels: Array | None) -> tuple[tuple[int, ...], ...] | None:
    """Samples by true class and answer; None where an answer is not one of several classes per sample."""
    flat = outputs.reshape(len(outputs), -1)
    if labels is None or labels.ndim != 1 or flat.shape[1] <= max(1, int(labels.max(initial=0))):
        return None
    return accuracy(flat, labels.astype(np.int64)).confusion


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


def _finite(outputs: Array) -> None:
    if not np.isfinite(outputs).all():
        raise ModelError(
            "the model gives values that are not finite numbers",
            found=f"{int((~np.isfinite(outputs)).sum())} of {outputs.size} outputs",
            next_step="check its weights and the range of its inputs",
        )
