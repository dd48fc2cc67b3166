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
    needed = found.needed(0.0)
    assert needed is not None
    assert 1000 < needed < 4000  # 1.96^2 * .22 / .02^2 is 2,113
    # below what is allowed, more samples would tell it from that: half as far away, four times as many
    assert found.needed(0.03) == pytest.approx(4 * needed, rel=0.01)
    assert found.needed(0.02) is None


def test_samples_of_which_none_changed_prove_no_more_than_their_number() -> None:
    highs = [paired_drop(ScoreKind.ACCURACY, np.ones(count), np.ones(count)).high for count in (50, 200, 800)]
    assert highs == sorted(highs, reverse=True)
    assert 0.02 < highs[0] < 0.06
    assert highs[-1] < 0.005


def test_the_interval_holds_the_true_loss_as_often_as_it_says() -> None:
    generator, held = np.random.default_rng(0), 0
    for _ in range(400):
        marks = generator.random(120)
        before, after = (marks > 0.02).astype(float), (marks < 0.94).astype(float)
        found = paired_drop(ScoreKind.ACCURACY, before, after)
        held += found.low <= 0.04 <= found.high
    assert held >= 0.93 * 400


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
