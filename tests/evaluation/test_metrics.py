"""Metrics against numbers computed by hand or by brute force."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tinyml_compress.errors import DataError, ModelError
from tinyml_compress.evaluation import (
    IGNORED,
    accuracy,
    agreement,
    area_under_curve,
    cosines,
    reconstruction,
    score,
    share,
    similarity,
    task_of,
    wilson,
    worth,
)
from tinyml_compress.results import Task

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
LABELS = np.array([0, 1, 2, 1])
OUTPUTS = np.array([[0.9, 0.1, 0], [0.2, 0.3, 0.5], [0, 0, 1], [0.1, 0.8, 0.1]], np.float32)


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    # Published examples of Wilson's interval at 95%, and its known limits 0 and n: z^2 / (n + z^2).
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (50, 100, 0.4038, 0.5962)],
)
def test_wilson(correct: int, total: int, low: float, high: float) -> None:
    assert wilson(correct, total) == pytest.approx((low, high), abs=5e-5)
    assert share(correct, total).interval == wilson(correct, total)


@pytest.mark.parametrize(("correct", "total"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(correct: int, total: int) -> None:
    with pytest.raises(ValueError):
        wilson(correct, total)


def test_wilson_covers_the_true_share() -> None:
    """Of 95% intervals about 95% hold the truth, near 1 too, where the normal interval fails."""
    rng = np.random.default_rng(7)
    for truth in (0.5, 0.9, 0.99):
        draws = rng.binomial(397, truth, 2000)
        held = np.mean([low <= truth <= high for low, high in (wilson(int(d), 397) for d in draws)])
        assert 0.92 < held < 0.98


def test_accuracy() -> None:
    found = accuracy(OUTPUTS, LABELS)
    assert (found.correct, found.total, found.value) == (3, 4, 0.75)
    assert str(found).startswith("75.0% (")
    assert accuracy(OUTPUTS.reshape(4, 1, 1, 3), LABELS) == found


def test_a_single_output_is_class_1_above_one_half() -> None:
    assert accuracy(np.array([[0.4], [0.6], [0.5]], np.float32), np.array([0, 1, 0])).correct == 3


def test_labels_beyond_the_outputs() -> None:
    with pytest.raises(DataError, match="beyond the model's classes"):
        accuracy(OUTPUTS, LABELS + 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_outputs_that_are_not_finite(bad: float) -> None:
    broken = OUTPUTS.copy()
    broken[1, 1] = bad
    for call in (
        lambda: accuracy(broken, LABELS),
        lambda: agreement(Task.CLASSIFICATION, OUTPUTS, broken),
        lambda: reconstruction(OUTPUTS, broken, None),
    ):
        with pytest.raises(ModelError, match="not finite"):
            call()


def test_area_under_curve_equals_counting_pairs() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        scores = rng.integers(0, 6, 30).astype(float)  # many ties
        labels = rng.integers(0, 2, 30)
        labels[:2] = 0, 1
        pairs = [(a > b) + (a == b) / 2 for a in scores[labels == 1] for b in scores[labels == 0]]
        assert area_under_curve(scores, labels) == pytest.approx(np.mean(pairs))


def test_reconstruction() -> None:
    inputs = np.zeros((4, 2), np.float32)
    outputs = np.array([[0.1, 0.1], [0.2, 0.2], [1, 1], [2, 2]], np.float32)
    found = reconstruction(inputs, outputs, np.array([0, 0, 1, 1]))
    assert found.mae == pytest.approx(0.825)
    assert found.auc == 1.0
    assert "AUC 1.000" in str(found)
    assert reconstruction(inputs, outputs, np.zeros(4, int)).auc is None
    assert reconstruction(inputs, outputs, None).auc is None
    with pytest.raises(DataError, match="no reconstruction"):
        reconstruction(inputs, OUTPUTS, None)


def test_agreement() -> None:
    other = OUTPUTS.copy()
    other[0] = [0.1, 0.9, 0]
    found = agreement(Task.CLASSIFICATION, OUTPUTS, other)
    assert (found.same, found.total) == (3, 4)
    assert found.max_difference == pytest.approx(0.8)
    assert found.mean_difference == pytest.approx(1.6 / 12)
    assert "75.0%" in str(found)
    assert agreement(Task.RECONSTRUCTION, OUTPUTS, other).value is None
    with pytest.raises(ModelError, match="different shapes"):
        agreement(Task.CLASSIFICATION, OUTPUTS, other[:, :2])


def test_task_is_told_from_sizes() -> None:
    assert task_of(np.zeros((2, 8, 8, 1)), np.zeros((2, 64))) is Task.RECONSTRUCTION
    assert task_of(np.zeros((2, 8, 8, 1)), np.zeros((2, 10))) is Task.CLASSIFICATION
    assert task_of(np.zeros((2, 64)), np.zeros((2, 64)), np.array([0, 9])) is Task.RECONSTRUCTION
    assert task_of(np.zeros((2, 3)), np.zeros((2, 3)), np.array([0, 2])) is Task.CLASSIFICATION
    with pytest.raises(DataError, match="accuracy needs labels"):
        score(Task.CLASSIFICATION, OUTPUTS, OUTPUTS, None)


def test_a_class_for_each_pixel() -> None:
    labels = np.zeros((4, 2, 3), np.int64)
    labels[:, 0, 0] = 1
    outputs = np.zeros((4, 2, 3, 2), np.float32)
    outputs[..., 0] = 1.0
    found = accuracy(outputs, labels)
    assert (found.correct, found.total) == (20, 24)
    assert found.interval == wilson(3, 4)  # of as many answers as there are samples
    assert found.interval == wilson(3, 4)  # of as many answers as there are pictures
    with pytest.raises(DataError, match="places of the labels"):
        accuracy(outputs.reshape(4, 3, 2, 2), labels)


TAGS = np.array([[1, IGNORED, 0, IGNORED], [2, 1, 1, IGNORED], [IGNORED] * 4])


def _answering(tags: Labels) -> Floats:
    """Outputs whose largest stands at the tag."""
    return np.eye(3, dtype=np.float32)[tags]


def test_places_without_a_label_are_not_asked() -> None:
    given = np.array([[1, 2, 2, 2], [2, 1, 0, 0], [0, 1, 2, 0]])
    told = accuracy(_answering(given), TAGS)
    assert (told.correct, told.total) == (3, 5)
    assert told.confusion == ((0, 0, 1), (1, 2, 0), (0, 0, 1))
    assert told.interval == wilson(round(3 / 5 * 2), 2), "two texts have words that count"
    each = worth(_answering(given), TAGS)
    assert each.tolist() == pytest.approx([1 * 3 / 5, 2 * 3 / 5, 0])
    assert each.mean() == pytest.approx(told.accuracy)
    with pytest.raises(DataError, match="no place of any sample has a label"):
        accuracy(_answering(given), np.full_like(TAGS, IGNORED))
    with pytest.raises(DataError, match="not at the places"):
        worth(_answering(given)[:, :3], TAGS)
    assert worth(OUTPUTS, LABELS).tolist() == [1, 0, 1, 1]


def test_agreement_by_place() -> None:
    """What a model answers to padding is nobody's concern."""
    first = _answering(np.array([[1, 0, 0, 0], [2, 1, 1, 0], [0, 0, 0, 0]]))
    second = _answering(np.array([[1, 2, 2, 2], [2, 1, 1, 2], [1, 1, 1, 1]]))
    told = agreement(Task.CLASSIFICATION, first, second, TAGS)
    assert (told.same, told.total) == (4, 5)
    assert (told.max_difference, told.mean_difference) == (1, pytest.approx(2 / 15))


def test_similarity_is_that_of_directions() -> None:
    wanted = np.array([[1, 0], [0, 2], [3, 4]], np.float32)
    assert similarity(wanted, 7 * wanted).cosine == pytest.approx(1)
    told = similarity(wanted, np.array([[1, 1], [0, 1], [4, 3]], np.float32))
    each = [0.5**0.5, 1, 24 / 25]
    assert cosines(wanted, np.array([[1, 1], [0, 1], [4, 3]])).tolist() == pytest.approx(each)
    assert (told.cosine, told.least_cosine) == (pytest.approx(np.mean(each)), pytest.approx(min(each)))
    assert (told.value, told.measure, told.total) == (told.cosine, "cosine", 3)
    assert told.interval is not None
    assert told.interval[0] < np.mean(each) < told.interval[1] <= 1
    assert similarity(wanted, np.zeros_like(wanted)).cosine == 0
    with pytest.raises(ModelError, match="different shapes"):
        similarity(wanted, wanted[:, :1])
    with pytest.raises(ModelError, match="not finite"):
        similarity(wanted, np.full_like(wanted, np.inf))
    with pytest.raises(DataError, match="without a head(.|\n)*--against"):
        score(Task.EMBEDDING, wanted, wanted, None)
