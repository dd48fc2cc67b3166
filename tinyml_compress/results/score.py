"""What a model is worth on a set, and how near two models are."""

from __future__ import annotations

import msgspec

from tinyml_compress.results.base import Value
from tinyml_compress.support.table import Numbers


class Score(Value, frozen=True, kw_only=True):
    """Of a classifier: right answers. Of a net that repeats its input: its error, and how well that ranks
    anomalies (label 1) above the rest. Of an encoder without a head: how near its vectors are to those of
    the model that it is compared with.
    """

    accuracy: float | None = None
    correct: int | None = None
    total: int
    """Answers, or samples of a net that repeats its input."""
    interval: tuple[float, float] | None = msgspec.field(default=None, name="interval_95")
    """Wilson's, of the accuracy. Where a sample has many answers, one per pixel or word, they do not err
    apart from one another: the interval is that of as many answers as there are samples. Of a mean of
    cosines, by their spread.
    """
    confusion: tuple[tuple[int, ...], ...] | None = None
    """Answers by true class (rows) and answer (columns); absent beyond 100 classes."""
    mae: float | None = None
    """Mean absolute error over all samples."""
    auc: float | None = None
    """Absent without labels, or where all labels are the same."""
    cosine: float | None = None
    """Of the angle between each sample's vector and that of the other model, the mean."""
    least_cosine: float | None = None
    """Of the sample that is furthest apart."""

    @property
    def value(self) -> float:
        """Accuracy, cosine or error."""
        value: float = getattr(self, self.measure)
        return value

    @property
    def measure(self) -> str:
        """Which of the three."""
        if self.accuracy is not None:
            return "accuracy"
        return "mae" if self.cosine is None else "cosine"

    @property
    def numbers(self) -> Numbers:
        """For a cell of a table."""
        if self.accuracy is not None and self.interval is not None and self.correct is not None:
            numbers = (self.accuracy, *self.interval, self.correct, self.total)
            return Numbers(numbers, "{:.1%} ({:.1%} to {:.1%}, {} of {})")
        if self.cosine is not None and self.interval is not None and self.least_cosine is not None:
            cosines = (self.cosine, *self.interval, self.least_cosine, self.total)
            return Numbers(cosines, "cosine {:.4f} ({:.4f} to {:.4f}; least {:.4f}, {} samples)")
        if self.auc is None:
            return Numbers((self.value, self.total), "MAE {:.4g} ({} samples)")
        return Numbers((self.value, self.auc, self.total), "MAE {:.4g}, AUC {:.3f} ({} samples)")

    def __str__(self) -> str:
        return str(self.numbers)


class Agreement(Value, frozen=True, kw_only=True):
    """How near two models are on the same samples."""

    total: int
    max_difference: float
    mean_difference: float
    same: int | None = None
    """Answers, by sample or by place, with the same class; absent for nets that answer with none."""

    @property
    def value(self) -> float | None:
        return None if self.same is None else self.same / self.total

    @property
    def numbers(self) -> Numbers | None:
        """The answers that are the same, for a cell of a table."""
        if self.same is None:
            return None
        return Numbers((self.same / self.total, self.same, self.total), "{:.1%} ({} of {})")

    def __str__(self) -> str:
        apart = f"outputs differ by {self.max_difference:.4g} at most, {self.mean_difference:.4g} on average"
        return apart if self.numbers is None else f"{self.numbers}; {apart}"
