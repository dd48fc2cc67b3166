"""Threshold zeroing: every weight that is nearly nothing becomes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyml_compress.techniques.graph import copy_model
from tinyml_compress.techniques.sparsity import Zeros, prunable_weights, zeros_of

__all__ = ["Thresholded", "zero_below"]


@dataclass(frozen=True)
class Thresholded:
    """The model, and the zeros per layer after it."""

    model: Any
    zeros: tuple[Zeros, ...]
    changed: int


def zero_below(model: Any, threshold: float = 1e-3) -> Thresholded:
    """A copy of `model` in which kernel weights smaller than `threshold` are zero."""
    flat, changed = copy_model(model), 0
    for layer in flat.layers:
        for kernel in prunable_weights(layer):
            value = kernel.numpy()
            small = (np.abs(value) < threshold) & (value != 0)
            changed += int(small.sum())
            if small.any():
                kernel.assign(np.where(small, 0.0, value))
    return Thresholded(flat, zeros_of(flat), changed)
