"""What is lost between two models on the same samples, with the interval that pairing them gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.evaluation.metrics import area_under_curve
from tinyml_compress.evaluation.score_kind import ScoreKind

__all__ = ["PairedDrop", "paired_drop"]

Array = npt.NDArray[Any]
_ROUNDS = 1000


@dataclass(frozen=True)
class PairedDrop:
    """The loss as `ScoreKind.drop` counts it, and its 95% interval by bootstrap over the samples, drawn in
    pairs.
    """

    drop: float
    low: float
    high: float
    samples: int

    @property
    def needed(self) -> int | None:
        """About how many samples would tell this loss from none; None where there is no loss to tell."""
        if self.drop <= 0:
            return None
        half = (self.high - self.low) / 2
        return math.ceil(self.samples * (half / self.drop) ** 2)


def paired_drop(
    kind: ScoreKind, before: Array, after: Array, labels: Array | None = None, seed: int = 0
) -> PairedDrop:
    """`before` and `after` hold what each sample is worth: a right answer's share, an error; for AUC what
    ranks it.
    """
    count = len(before)
    generator = np.random.default_rng(seed)
    marks = np.zeros(count, np.int64) if labels is None else labels.reshape(count, -1)[:, 0]

    def total(values: Array, places: Array) -> float:
        if kind is ScoreKind.AUC:
            return area_under_curve(values[places].astype(np.float64), marks[places])
        return float(values[places].mean())

    def drop(places: Array) -> float:
        return kind.drop(total(before, places), total(after, places))

    drops = [drop(places) for places in _draws(generator, marks if kind is ScoreKind.AUC else None, count)]
    low, high = np.percentile(drops, [2.5, 97.5])
    return PairedDrop(drop(np.arange(count)), float(low), float(high), count)


def _draws(generator: np.random.Generator, marks: Array | None, count: int) -> list[Array]:
    """Samples drawn with replacement; where both kinds must occur, each kind by itself."""
    if marks is None:
        return [generator.integers(0, count, count) for _ in range(_ROUNDS)]
    kinds = [np.flatnonzero(marks == kind) for kind in np.unique(marks)]
    return [
        np.concatenate([generator.choice(places, len(places)) for places in kinds]) for _ in range(_ROUNDS)
    ]
