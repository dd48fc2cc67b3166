"""The loss between two models on the same samples: its interval, and how many samples would tell it from
none.
"""

from __future__ import annotations

import numpy as np
import pytest

from tinyml_compress.evaluation import ScoreKind, paired_drop


def _right(count: int, wrong: range) -> np.ndarray:
    answers = np.ones(count)
    answers[list(wrong)] = 0
    return answers


def test_a_share_that_falls_on_the_same_samples() -> None:
    found = paired_drop(ScoreKind.ACCURACY, _right(200, range(20)), _right(200, range(40)))
    assert found.drop == pytest.approx(0.1)
    # twenty of two hundred flipped one way: the normal interval is 0.1 +- 1.96 sqrt(.1 * .9 / 200)
    assert found.low == pytest.approx(0.1 - 0.0416, abs=0.012)
    assert found.high == pytest.approx(0.1 + 0.0416, abs=0.012)
    assert found.samples == 200


def test_flips_both_ways_are_noise_and_more_samples_would_tell() -> None:
    found = paired_drop(ScoreKind.ACCURACY, _right(100, range(10, 20)), _right(100, range(22, 34)))
    assert found.drop == pytest.approx(0.02)
    assert found.low < 0 < found.high
    assert found.needed is not None
    assert 1000 < found.needed < 4000  # 1.96^2 * .22 / .02^2 is 2,113
    assert paired_drop(ScoreKind.ACCURACY, _right(100, range(9)), _right(100, range(5))).needed is None


def test_an_error_grows_as_a_part_of_what_it_was() -> None:
    before = np.linspace(1, 3, 50)
    found = paired_drop(ScoreKind.MAE, before, before * 1.5)
    assert found.drop == pytest.approx(0.5)
    assert found.low == pytest.approx(0.5)


def test_anomalies_are_drawn_by_kind() -> None:
    labels = np.array([0] * 40 + [1] * 3)
    before, after = np.arange(43.0), np.arange(43.0)[::-1].copy()
    found = paired_drop(ScoreKind.AUC, before, after, labels)
    assert found.drop == pytest.approx(1.0)


def test_the_same_draws_every_time() -> None:
    before, after = _right(60, range(5)), _right(60, range(3, 12))
    first, second = (paired_drop(ScoreKind.ACCURACY, before, after) for _ in range(2))
    assert first == second
