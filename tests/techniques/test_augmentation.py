"""Augmentation by words: what each does to a batch, and words that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinyml_compress.errors import ConfigError
from tinyml_compress.pipeline.compress.inputs import task_changes
from tinyml_compress.techniques.augmentation import WORDS, augmented, words_of
from tinyml_compress.techniques.recipe import parse

_RECIPE = '[task]\naugment = "{}"\n[[stage]]\nuse = "prune"\n'


def _batch() -> Any:
    """Each pixel says where it comes from."""
    rows, columns = np.meshgrid(np.arange(16), np.arange(16), indexing="ij")
    one = np.stack([rows, columns], axis=-1).astype(np.float32)
    return np.repeat(one[None], 64, axis=0)


def _done(word: str, seed: int = 0) -> Any:
    return augmented([word], "augment")(_batch(), np.random.default_rng(seed))


def test_what_each_word_does() -> None:
    for word in (word for word in WORDS if word != "mixup"):  # all samples are alike here
        made = _done(word)
        assert made.shape == _batch().shape
        assert made.dtype == np.float32
        np.testing.assert_array_equal(made, _done(word))  # the generator decides alone
        assert (made != _done(word, 1)).any()
    shifts = _done("shift")[:, 8, 0, 0] - 8
    assert set(shifts) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    assert (_done("shift")[..., 1] == _batch()[..., 1]).all()  # never sideways
    crops = _done("crop")[:, 8, 8] - 8
    assert {tuple(pair) for pair in np.abs(crops)} >= {(0.0, 2.0), (2.0, 0.0)}
    assert np.abs(crops).max() == 2.0
    flips = _done("flip")
    is_flipped = flips[:, 0, 0, 1] == 15
    assert 16 < is_flipped.sum() < 48
    np.testing.assert_array_equal(flips[is_flipped][0], _batch()[0, :, ::-1])
    noise = _done("noise") - _batch()
    assert noise.std() == pytest.approx(0.05 * _batch()[0].std(), rel=0.05)
    assert abs(float(noise.mean())) < 0.01


def test_mixup_keeps_more_of_the_sample_than_comes_in() -> None:
    ones = np.eye(64, dtype=np.float32)[:, :, None]
    made = augmented(["mixup"], "augment")(ones, np.random.default_rng(3))[:, :, 0]
    own = np.diag(made)
    assert (own >= 0.5).all()
    assert 16 < (own == 1).sum() < 56
    np.testing.assert_allclose(made.sum(axis=1), 1, rtol=1e-6)


def test_words_in_a_recipe() -> None:
    recipe = parse(_RECIPE.format("shift, noise"), "x")
    change = task_changes(recipe)["augment"]
    series = np.random.default_rng(0).normal(size=(8, 20, 3)).astype(np.float32)
    first = augmented(["shift"], "")(series, np.random.default_rng(4))
    both = change(series, np.random.default_rng(4))
    assert (both != first).all()
    assert np.abs(both - first).max() < 0.5
    assert words_of("mine:augment") == ()
    with pytest.raises(ConfigError, match="no such augmentation") as caught:
        parse(_RECIPE.format("shfit"), "x")
    assert "shift, crop, flip, noise, mixup" in str(caught.value)
    with pytest.raises(ConfigError, match="for pictures"):
        augmented(["crop"], "augment")(series, np.random.default_rng(0))
    assert recipe.task.augment == "shift, noise"
