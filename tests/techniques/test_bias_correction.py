"""Bias correction: the mean of every layer's outputs is that of the float model again, however coarse the
weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as nets
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques._grid import rounded
from tinyml_compress.techniques._layerwise import LayerWalk
from tinyml_compress.techniques.bias_correction import BiasOptions, correct_biases
from tinyml_compress.techniques.recipe import parse
from tinyml_compress.techniques.training import outputs_of


def test_rounding_keeps_zeros_and_the_largest_weight() -> None:
    kernel = np.array([[0.0, 0.5, -1.0, 0.26], [0.0, 0.0, 0.0, 0.0]])
    coarse = rounded(kernel, 3)  # steps of a third
    np.testing.assert_allclose(coarse, [[0.0, 2 / 3, -1.0, 1 / 3], [0, 0, 0, 0]])


def _coarse(model: Any, bits: int) -> Any:
    """The model as a converter with so few bits would make it."""
    walk = LayerWalk(model, np.zeros((1, *model.input_shape[1:])))
    for layer in walk.layers():
        maps = walk.maps(layer)
        walk.put(
            layer,
            [
                np.concatenate([rounded(one.weights[:, : one.inputs], bits), one.weights[:, one.inputs :]], 1)
                for one in maps
            ],
        )
    return walk.working


@pytest.mark.parametrize("make", [nets.plain, nets.depthwise])
def test_means_come_back(make: Any) -> None:
    fix_seeds(2)
    model = make()
    inputs = np.random.default_rng(0).uniform(0, 1, (64, *model.input_shape[1:])).astype(np.float32)
    before = [weight.copy() for weight in model.get_weights()]
    corrected, shifts = correct_biases(model, inputs, BiasOptions(bits=3))
    assert shifts
    for was, now in shifts.values():
        assert now <= 1e-6 + 1e-3 * was
    right = outputs_of(model, inputs).mean(axis=0)
    raw = np.abs(outputs_of(_coarse(model, 3), inputs).mean(axis=0) - right).max()
    mended = np.abs(outputs_of(_coarse(corrected, 3), inputs).mean(axis=0) - right).max()
    assert mended < 0.5 * raw
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_it_is_a_stage_like_any_other() -> None:
    stage = parse('[[stage]]\nuse = "bias_correction"\nbits = 4', "x").stages[0]
    assert stage.options == BiasOptions(bits=4)
    assert not stage.options.trains
