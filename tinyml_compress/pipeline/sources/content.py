"""What a model holds, as far as its form tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinyml_compress.results.weights import LayerWeights


@dataclass(frozen=True)
class RunCost:
    """Measured, 1 thread."""

    peak_bytes: int | None
    """That the model and its answers take at most, besides what the libraries take."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Of one call by the samples in it, warm, where a file's time does not say it."""


@dataclass(frozen=True)
class Content:
    """Absent values have their reason in `notes`."""

    parameters: int | None = None
    weights: int | None = None
    nonzero: int | None = None
    macs: int | None = None
    layers: tuple[LayerWeights, ...] = ()
    notes: tuple[str, ...] = ()
