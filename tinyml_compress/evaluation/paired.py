"""What is lost between two models on the same samples, with the interval that pairing them gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.evaluation.metrics import area_under_curve
from tinyml_compress.evaluation.score_kind import ScoreKind

Array = npt.NDArray[Any]
_ROUNDS = 1000
_SAME = 1e-9
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class PairedDrop:
    """The loss as `ScoreKind.drop` counts it, and its 95% interval; the samples are paired."""

    drop: float
    low: float
    high: float
    samples: int
    added: int = 0
    """Answers beside those of the samples, see `_of_answers`."""

    def needed(self, allowed: float) -> int | None:
        """About how many samples would tell: a smaller loss from `allowed`, a larger one from none at all."""
        apart = self.drop if self.drop > allowed + _SAME else allowed - self.drop
        if apart <= _SAME:
            return None
        # a sum over n samples varies by `spread` for each of them, and by one for the answers that were added
        sum_spread = ((self.high - self.low) / 2 * (self.samples + self.added) / _Z95) ** 2
        spread, one = max(0.0, sum_spread - self.added / 2) / self.samples, self.added / 2
        root = math.sqrt(spread**2 + 4 * one * (apart / _Z95) ** 2)
        wanted = (spread + root) / 2 * (_Z95 / apart) ** 2 - self.added
        return max(self.samples + 1, math.ceil(wanted))


def paired_drop(
    kind: ScoreKind, before: Array, after: Array, labels: Array | None = None, seed: int = 0
) -> PairedDrop:
    """`before` and `after` hold what each sample is worth: a right answer's share, an error; for AUC what
    ranks it.
    """
    if kind is ScoreKind.ACCURACY:
        return _of_answers(np.asarray(before, np.float64) - after)
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


def _of_answers(lost: Array) -> PairedDrop:
    """As if one answer more had been lost and one more won, half in each (Agresti and Min): few samples of
    which no answer changed do not prove that none ever will, as a bootstrap of them claims.
    """
    count, total, more = len(lost), float(lost.sum()), len(lost) + 2
    half = _Z95 * math.sqrt(float((lost**2).sum()) + 1 - total**2 / more) / more
    return PairedDrop(total / count, total / more - half, total / more + half, count, 2)


def _draws(generator: np.random.Generator, marks: Array | None, count: int) -> list[Array]:
    """Samples drawn with replacement; where both kinds must occur, each kind by itself."""
    if marks is None:
        return [generator.integers(0, count, count) for _ in range(_ROUNDS)]
    kinds = [np.flatnonzero(marks == kind) for kind in np.unique(marks)]
    return [
        np.concatenate([generator.choice(places, len(places)) for places in kinds]) for _ in range(_ROUNDS)
    ]
