"""Several models on one data set, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from tinyml_compress.results.base import Result, Value
from tinyml_compress.results.weights import LayerWeights


class Compared(Value, frozen=True, kw_only=True):
    """One model. Absent values have their reason in `notes`."""

    model: str
    sha256: str
    engine: str
    nbytes: int | None = None
    """Of the file, exact."""
    gzip_nbytes: int | None = None
    """Measured."""
    parameters: int | None = None
    """Exact."""
    weights: int | None = None
    """Exact."""
    nonzero: int | None = None
    """Weights that are not zero, exact."""
    macs: int | None = None
    """Exact."""
    metric: str
    score: float | None = None
    interval: tuple[float, float] | None = None
    """Lower and upper end of the 95% interval."""
    same: float | None = None
    """Part of the samples on which it answers as the first model does."""
    difference: float | None = None
    """Mean absolute difference of its outputs from the first model's."""
    latency_s: float | None = None
    """Median, measured."""
    latency_spread_s: tuple[float, float] | None = None
    seconds: Mapping[str, float] = msgspec.field(default_factory=dict)
    """Of a model that stays PyTorch, measured: the median of one call, warm, by the samples in it."""
    peak_bytes: int | None = None
    """Measured where a PyTorch folder is compared: what model and answers take at most, besides libraries."""
    layers: tuple[LayerWeights, ...] = ()
    training: Mapping[str, tuple[float, ...]] | None = None
    """Per epoch, of the run that made the file."""
    notes: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] | None = None
    """Samples by true class (rows) and answer (columns)."""
    classes: tuple[str, ...] | None = None

    @property
    def nonzero_part(self) -> float | None:
        """Of its weights."""
        return None if not self.weights or self.nonzero is None else self.nonzero / self.weights


class Comparison(Result, frozen=True, kw_only=True):
    """Several models on one data set."""

    verb: ClassVar[str] = "compare"

    data: str
    samples: int
    runtime: str | None = None
    """What measured the times."""
    models: tuple[Compared, ...]
    """In the order given; the first is what the others are compared with."""
