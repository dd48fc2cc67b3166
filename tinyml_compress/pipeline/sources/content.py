"""What a model holds, as far as its form tells it."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.results.weights import LayerWeights


@dataclass(frozen=True)
class Content:
    """Absent values have their reason in `notes`."""

    parameters: int | None = None
    weights: int | None = None
    nonzero: int | None = None
    macs: int | None = None
    layers: tuple[LayerWeights, ...] = ()
    notes: tuple[str, ...] = ()
