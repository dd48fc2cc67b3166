"""Training as a stage of its own, and how much any stage that trains follows the float model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyml_compress.errors import TrainingError
from tinyml_compress.results import Listing
from tinyml_compress.techniques.distillation import fresh_copy
from tinyml_compress.techniques.graph import copy_model
from tinyml_compress.techniques.pruning import mask_projections
from tinyml_compress.techniques.technique import (
    Applied,
    Context,
    Dimension,
    Point,
    StageOptions,
    Technique,
    count,
    epochs,
    flag,
    inside_weight,
    rate,
    word,
)
from tinyml_compress.techniques.training import Training

_FIFTH = 5
_FEW = 2000
"""With fewer samples the statistics of batches are noise: frozen ones gave 3.6 points more with 320."""


@dataclass(frozen=True)
class TrainOptions(StageOptions):
    """Train the model; stages before the first other one make the float model that guards compare with."""

    epochs: int = epochs(20)
    learning_rate: float = rate(1e-3)
    rates: int = count(
        1, 1, 9, "learning rates tried first, each a third of the last, for a quarter of the epochs"
    )
    fresh: bool = flag(False, "draw new weights first")
    norms: str = word(
        "auto",
        ("auto", "frozen", "live"),
        "statistics of batch normalizations; auto: frozen where samples are few",
    )
    inside: float = inside_weight()
    keep_zeros: bool = flag(True, "zeros that an earlier stage made stay zero")


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

    def apply(self, options: TrainOptions, model: Any, context: Context) -> Applied:
        working = fresh_copy(model, context.seed) if options.fresh else copy_model(model)
        training = context.taught(working, inside=0.0 if options.fresh else options.inside)
        assert training is not None
        held = mask_projections(working) if options.keep_zeros and not options.fresh else []
        few = not options.fresh and len(training.train) < _FEW
        with _frozen(working if options.norms == "frozen" or (options.norms == "auto" and few) else None):
            tried = _tried(options, working, training, context)
            best = min(tried, key=lambda one: tried[one]) if tried else options.learning_rate
            history = training.fit(working, options.epochs, best, projections=held)
        if not tried:
            return Applied(working, history=history)
        head = (("learning rate", "{:.3g}"), ("loss on samples kept out", "{:.4g}"))
        note = f"learning rate {best:.3g}, the best of {len(tried)} on samples that were kept out"
        return Applied(working, (note,), Listing.of(head, list(tried.items())), history)


def _tried(options: TrainOptions, model: Any, training: Training, context: Context) -> dict[float, float]:
    """What is lost, after a short training with each rate, on a fifth of the samples that it did not see."""
    total = len(training.train)
    if options.rates < 2 or total < _FIFTH:
        return {}
    order = np.random.default_rng(context.seed).permutation(total)
    mine, others = training.part(order[total // _FIFTH :]), training.part(order[: total // _FIFTH])
    losses = {}
    for step in range(options.rates):
        speed = options.learning_rate / 3**step
        context.tell(f"learning rate {speed:.3g}")
        pupil = copy_model(model)
        held = mask_projections(pupil) if options.keep_zeros and not options.fresh else []
        try:
            mine.fit(pupil, -(-options.epochs // 4), speed, projections=held)
            losses[speed] = others.loss_of(pupil)
        except TrainingError:  # the loss is not a number any more
            losses[speed] = float("inf")
    return losses


@contextmanager
def _frozen(model: Any) -> Iterator[None]:
    """While it lasts, the model's normalizations keep their statistics, and use them."""
    norms = (
        [] if model is None else [one for one in model.layers if type(one).__name__ == "BatchNormalization"]
    )
    held = [(norm, norm.trainable) for norm in norms]
    for norm in norms:
        norm.trainable = False
    try:
        yield
    finally:
        for norm, was in held:
            norm.trainable = was


TECHNIQUE = FineTuning()
