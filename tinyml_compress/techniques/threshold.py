"""Threshold zeroing: every weight that is nearly nothing becomes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinyml_compress.techniques.graph import copy_model
from tinyml_compress.techniques.sparsity import Zeros, prunable_weights, zeros_of, zeros_table
from tinyml_compress.techniques.technique import Applied, Context, StageOptions, Technique, number


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


@dataclass(frozen=True)
class ThresholdOptions(StageOptions):
    """Weights that are nearly zero become zero."""

    threshold: float = number(1e-3, 0.0, 10.0, "weights of smaller magnitude become zero")

    def milder(self) -> ThresholdOptions:
        return replace(self, threshold=self.threshold / 2)


class Threshold(Technique[ThresholdOptions]):
    """The stage `threshold`."""

    use = "threshold"
    options = ThresholdOptions
    place = 32

    def apply(self, options: ThresholdOptions, model: Any, context: Context) -> Applied:
        done = zero_below(model, options.threshold)
        return Applied(done.model, (f"{done.changed:,} weights became zero",), zeros_table(done.zeros))


TECHNIQUE = Threshold()
