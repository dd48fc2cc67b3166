"""Helpers for tests of the Keras 3 bridge."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyml_compress.models import keras3


def scrambled(model: Any) -> Any:
    """Weights away from their initial values, so that BatchNorm and biases matter."""
    rng = np.random.default_rng(5)
    model.set_weights([np.abs(rng.normal(0.5, 0.2, value.shape)) + 0.05 for value in model.get_weights()])
    return model


def carried(model: Any) -> Any:
    """The model in tf_keras, proven."""
    rebuilt, proof = keras3.rebuild(scrambled(model))
    assert proof.largest_difference <= keras3.TOLERANCE
    return rebuilt
