"""How a recipe ends: within what it may lose, beyond it, or with too few samples to tell. Never
in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import TrainingError
from tinyml_compress.evaluation import ScoreKind, paired_drop

__all__ = ["ANY_DROP", "DEFAULT_DROP", "Verdict", "Word", "costliest", "judged", "worst_layer"]

Array = npt.NDArray[Any]
DEFAULT_DROP = 0.02
"""What a recipe may lose that says nothing about it: two points, or a fiftieth of an error."""
ANY_DROP = 1e9
"""Points that no model can lose: for those who judge by limits of their own. JSON knows no infinity."""
_FEW = 256
_SAME = 1e-9


class Word(Enum):
    """The verdict in a word."""

    WITHIN = "within"
    LOST = "lost"
    CANNOT_TELL = "cannot tell"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Verdict:
    """What the compressed model lost against the float one, and whether that is allowed."""

    word: Word
    allowed: float
    drop: float | None = None
    interval: tuple[float, float] | None = None
    """95%, from the same samples under both models."""
    samples: int = 0
    needed: int | None = None
    """About how many samples would tell."""
    stage: str = ""
    """Which stage cost most."""
    layer: str = ""
    """Which of its layers, put alone into the float model, moves the outputs most."""

    @staticmethod
    def unjudged(allowed: float) -> Verdict:
        """There is nothing to score by."""
        return Verdict(Word.NOT_JUDGED, allowed)

    def as_json(self) -> dict[str, Any]:
        """Absent values are left out."""
        row = {key: value for key, value in asdict(self).items() if value not in (None, "")}
        if self.drop is None:
            del row["samples"]
        return {**row, "word": self.word.value, "allowed": self.allowed, "text": self.text()}

    def text(self) -> str:
        """One sentence, and the next step where there is one."""
        if self.word is Word.NOT_JUDGED:
            return (
                "NOT JUDGED: no labelled samples to score by; give --eval-data "
                "with labels, or compare outputs"
            )
        assert self.drop is not None
        assert self.interval is not None
        low, high = self.interval
        lost = (
            f"{100 * self.drop:+.2f} points lost (95%: {100 * low:+.2f} to "
            f"{100 * high:+.2f}, {self.samples:,} samples)"
        )
        limit = f"{100 * self.allowed:g} allowed"
        if self.word is Word.WITHIN:
            return f"WITHIN: {lost}, {limit}"
        if self.word is Word.CANNOT_TELL:
            need = "" if self.needed is None else f"; about {self.needed:,} samples would tell"
            return f"CANNOT TELL: {lost}, {limit}, and the interval holds more and less than that{need}"
        place = f", most of it in stage {self.stage}" + (f", layer {self.layer}" if self.layer else "")
        return f"LOST: {lost}, {limit}{place}"

    def require(self, recipe: str, report: Path) -> None:
        """Raise where more was lost than allowed, beyond doubt."""
        if self.word is not Word.LOST:
            return
        assert self.drop is not None
        ways = (
            "ask for less there (the stage's options, `layers`, `exclude`)",
            "on_breach = 'back_off' in [guard]",
            "optimal_brain, which needs fewer samples",
            f"--accept-drop {100 * self.drop:.1f}",
        )
        raise TrainingError(
            "the compressed model lost more than is allowed",
            which=recipe,
            found=self.text().removeprefix("LOST: "),
            next_step=f"{', or '.join(ways)}; see {report}",
        )


def judged(kind: ScoreKind, before: Array, after: Array, labels: Array | None, allowed: float) -> Verdict:
    """Both models sample by sample: within is what keeps to `allowed` at the interval's upper end, lost is
    more than `allowed` where its lower end excludes no loss at all.
    """
    found = paired_drop(kind, before, after, labels)
    is_lost = found.drop > allowed + _SAME and found.low > 0
    word = Word.WITHIN if found.high <= allowed + _SAME else Word.LOST if is_lost else Word.CANNOT_TELL
    needed = found.needed(allowed) if word is Word.CANNOT_TELL else None
    return Verdict(word, allowed, found.drop, (found.low, found.high), found.samples, needed)


def costliest(kind: ScoreKind, before: float, stages: Sequence[tuple[str, float]]) -> str:
    """The stage after which most was lost against the one before it; `stages` are names and scores."""
    scores = [before, *(score for _, score in stages)]
    steps = [kind.drop(first, second) for first, second in pairwise(scores)]
    return stages[int(np.argmax(steps))][0]


def worst_layer(float_model: Any, model: Any, inputs: Array) -> str:
    """The layer whose weights, put alone into the float model, move its outputs most; "" where shapes
    changed.
    """
    from tinyml_compress.techniques._layerwise import divergence
    from tinyml_compress.techniques.graph import copy_model, is_plain_graph
    from tinyml_compress.techniques.training import outputs_of

    if not is_plain_graph(float_model):
        return ""
    working, few = copy_model(float_model), inputs[:_FEW]
    right = outputs_of(working, few)
    theirs = {layer.name: layer for layer in model.layers}
    moved: dict[str, float] = {}
    for layer in working.layers:
        mine = layer.get_weights()
        other = theirs[layer.name].get_weights() if layer.name in theirs else []
        if mine and [value.shape for value in mine] == [value.shape for value in other]:
            layer.set_weights(other)
            moved[layer.name] = divergence(right, outputs_of(working, few))
            layer.set_weights(mine)
    return max(moved, key=lambda name: moved[name]) if moved else ""
