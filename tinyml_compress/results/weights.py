"""What the weights of one layer look like."""

from __future__ import annotations

from tinyml_compress.results.base import Value


class LayerWeights(Value, frozen=True, kw_only=True):
    """One layer's weights as real values: how many, how many zero, and how they spread. All exact."""

    name: str
    count: int
    zeros: int
    edges: tuple[float, float]
    """Of the histogram."""
    histogram: tuple[int, ...]
    """Of the weights that are not zero."""

    @property
    def part(self) -> float:
        """Which part of them is zero."""
        return self.zeros / max(1, self.count)
