"""Training as a stage of its own, and how much any stage that trains follows the float model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinyml_compress.techniques.distillation import fresh_copy
from tinyml_compress.techniques.graph import copy_model
from tinyml_compress.techniques.technique import (
    Context,
    Dimension,
    Options,
    Outcome,
    Point,
    Technique,
    epochs,
    flag,
    rate,
)

__all__ = ["TECHNIQUE", "TrainOptions"]


@dataclass(frozen=True)
class TrainOptions(Options):
    """Train the model; stages before the first other one make the float model that guards compare with."""

    epochs: int = epochs(20)
    learning_rate: float = rate(1e-3)
    fresh: bool = flag(False, "draw new weights first")


def _can_be_taught(point: Point) -> bool:
    """A student is taught in any case, and nothing else needs it."""
    removes = point["keep"] != 1.0 and point["narrow"] == "channels"
    return removes or point["low_rank"] != 1.0 or point["sparsity"] != 0.0


class FineTuning(Technique[TrainOptions]):
    """The stage `train`."""

    use = "train"
    options = TrainOptions
    place = 35
    dimensions = (
        Dimension(
            "teach",
            (0.0, 0.5),
            0.0,
            "weight of the float model's outputs against the labels",
            matters=_can_be_taught,
        ),
    )

    def apply(self, options: TrainOptions, model: Any, context: Context) -> Outcome:
        working = fresh_copy(model, context.seed) if options.fresh else copy_model(model)
        training = context.taught(working)
        assert training is not None
        return Outcome(working, history=training.fit(working, options.epochs, options.learning_rate))


TECHNIQUE = FineTuning()
