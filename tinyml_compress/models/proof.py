"""Two forms of a model on the same random inputs: how far their outputs lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import ModelError

TOLERANCE = 1e-4
SAMPLES = 4
_FREE_SIZE = 32
"""Stands for a dimension that the model leaves open."""
_LARGEST = 1 << 26
"""Values that are made up for one input: a line of a stranger's file may ask for more than the machine has.
"""
Array = npt.NDArray[np.generic]


def random_input(tensor: Any, rng: np.random.Generator, samples: int = SAMPLES) -> Array:
    """Samples for one input of a model, or for the description of one."""
    shape = (samples, *(_FREE_SIZE if size is None else size for size in tensor.shape[1:]))
    if math.prod(shape) > _LARGEST:
        raise ModelError(
            "an input of the model is too large",
            which=getattr(tensor, "name", None),
            found=f"shape {tuple(tensor.shape)}",
            allowed=f"{_LARGEST // samples:,} values in a sample",
        )
    dtype = np.dtype(getattr(tensor.dtype, "name", tensor.dtype))
    if dtype.kind in "iu":
        return rng.integers(0, 10, shape).astype(dtype)
    return rng.standard_normal(shape).astype(np.float32)


def run(model: Any, inputs: list[Array]) -> list[Array]:
    """The outputs of a Keras model, as for inference."""
    result = model(inputs, training=False)
    return [np.asarray(value) for value in (result if isinstance(result, (list, tuple)) else [result])]


def difference(left: Sequence[Array], right: Sequence[Array]) -> float:
    """Largest difference, relative to the outputs where they exceed 1; NaN when either has one."""
    worst = 0.0
    for a, b in zip(left, right, strict=True):
        if a.shape != b.shape:
            return float("inf")
        first, second = a.astype(np.float64), b.astype(np.float64)
        scale = max(1.0, float(np.abs(first).max(initial=0.0)))
        gap = float(np.abs(first - second).max(initial=0.0)) / scale
        if math.isnan(gap):
            return gap
        worst = max(worst, gap)
    return worst
