"""Which weights count as prunable, and how many of them are zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyml_compress.results import Listing

ZEROS_HEAD = (("layer", ""), ("zeros", "{:,}"), ("weights", "{:,}"), ("part", "{:.1%}"))
_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel", "embeddings")


@dataclass(frozen=True)
class Zeros:
    """The zeros of one layer's kernels; biases and normalizations are not counted."""

    layer: str
    zeros: int
    weights: int

    @property
    def part(self) -> float:
        return self.zeros / self.weights if self.weights else 0.0


def prunable_weights(layer: Any) -> list[Any]:
    """The layer's kernels, those of layers inside it included."""
    return [weight for weight in layer.weights if _name(weight) in _KERNELS and len(weight.shape) > 1]


def zeros_of(model: Any) -> tuple[Zeros, ...]:
    """Per layer with kernels, in the model's order."""
    rows = []
    for layer in model.layers:
        if hasattr(layer, "layers") and hasattr(layer, "inputs"):  # a nested model
            rows += [Zeros(f"{layer.name}/{row.layer}", row.zeros, row.weights) for row in zeros_of(layer)]
            continue
        arrays = [weight.numpy() for weight in prunable_weights(layer)]
        if arrays:
            zeros = sum(int(np.count_nonzero(array == 0)) for array in arrays)
            rows.append(Zeros(layer.name, zeros, sum(array.size for array in arrays)))
    return tuple(rows)


def zeros_table(rows: tuple[Zeros, ...]) -> Listing:
    """The zeros as a stage's report shows them."""
    return Listing.of(ZEROS_HEAD, [(row.layer, row.zeros, row.weights, row.part) for row in rows])


def total_sparsity(model: Any) -> float:
    """The part of all prunable weights that is exactly zero."""
    rows = zeros_of(model)
    weights = sum(row.weights for row in rows)
    return sum(row.zeros for row in rows) / weights if weights else 0.0


def _name(weight: Any) -> str:
    return str(weight.name).split(":", maxsplit=1)[0].split("/")[-1]
