"""The kinds of score: which of two values is better, what is lost between them, and how people read them."""

from __future__ import annotations

from enum import Enum

_SMALLEST = 1e-12
"""An error of zero has no parts that a larger one could be measured in."""


class ScoreKind(Enum):
    """The value is the word that results and recipes carry."""

    ACCURACY = "accuracy"
    AUC = "auc"
    """Area under the curve: how well the error ranks anomalies above the rest."""
    MAE = "mae"
    MSE = "mse"
    COSINE = "cosine"
    """How far vectors of samples point where those of another model do: 1 is the same direction."""

    @property
    def higher_is_better(self) -> bool:
        """A part of 1, of which more is better; the others are errors."""
        return self in (ScoreKind.ACCURACY, ScoreKind.AUC, ScoreKind.COSINE)

    def drop(self, before: float, after: float) -> float:
        """What is lost from `before` to `after`, below 0 where something is won.

        Of a share it is the difference (0.01 is one point), of an error its growth as a part of `before`.
        """
        if self.higher_is_better:
            return before - after
        return (after - before) / max(abs(before), _SMALLEST)

    @property
    def form(self) -> str:
        """How a table writes a score."""
        return "{:.2%}" if self in (ScoreKind.ACCURACY, ScoreKind.AUC) else "{:.4g}"

    def shown(self, value: float) -> str:
        """A score as people read it."""
        return self.form.format(value)
