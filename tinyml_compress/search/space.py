"""What the search may try: the techniques' dimensions with ordered choices, and the recipe that a point
stands for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from tinyml_compress.results.fit import Searched
from tinyml_compress.support import files
from tinyml_compress.techniques.fine_tuning import TrainOptions
from tinyml_compress.techniques.recipe import Guard, Recipe, Stage, TaskOptions, stage_name
from tinyml_compress.techniques.registry import all_techniques
from tinyml_compress.techniques.technique import Choice, Dimension, Fidelity, Point

_LEVEL = Dimension("level", ("balanced", "size", "speed", "ram"), "balanced", "what kernels are chosen for")


@dataclass(frozen=True)
class Epochs:
    """Passes over the data at full fidelity, for the main stage of a recipe and for the smaller ones after
    it.
    """

    main: int = 30
    after: int = 12


@dataclass(frozen=True)
class Space:
    """The dimensions of one search, in order."""

    dimensions: tuple[Dimension, ...]

    def complete(self, point: Point) -> dict[str, Choice]:
        """The point with every dimension of the full space named: what is not searched, or changes nothing,
        is off.
        """
        full: dict[str, Choice] = {one.name: point.get(one.name, one.off) for one in full_space().dimensions}
        for one in full_space().dimensions:
            if not one.matters(full):
                full[one.name] = one.off
        return full

    def without(self, names: set[str]) -> Space:
        """The space without some dimensions."""
        return Space(tuple(one for one in self.dimensions if one.name not in names))

    def searched(self) -> tuple[Searched, ...]:
        """For the result."""
        return tuple(Searched(name=one.name, choices=one.choices, text=one.text) for one in self.dimensions)


@lru_cache(maxsize=1)
def full_space() -> Space:
    """All that techniques and engine can vary."""
    return Space((*(one for technique in all_techniques().values() for one in technique.dimensions), _LEVEL))


def anchors() -> tuple[tuple[tuple[str, Choice], ...], ...]:
    """Looked at first: the model as it is and a strong step in each direction, for the sampler to go by."""
    ranked = sorted(
        (one for technique in all_techniques().values() for one in technique.anchors),
        key=lambda one: one.rank,
    )
    return ((), *(one.changes for one in ranked))


def point_key(point: Point, *more: str) -> str:
    """The digest by which a trial is known."""
    return files.sha256(json.dumps([dict(sorted(point.items())), *more]).encode())[:16]


def recipe_of(
    point: Point,
    epochs: Epochs,
    *,
    part: float = 1.0,
    seed: int = 0,
    train: int = 0,
    sensitive: Sequence[Sequence[str]] = (),
    title: str = "found by fit",
) -> Recipe:
    """The recipe of `point`, with `part` of the full training; 0 gives its shape with no training at all.

    `sensitive` holds, for the values that int8 hurts, the worst first, the layers that keep one in int16: the
    point says of how many values they stay wide.
    """
    main, after = (max(1, round(count * part)) if part else 0 for count in (epochs.main, epochs.after))
    fidelity = Fidelity(main, after, sensitive)
    stages = [Stage("train", "", TrainOptions(epochs=train, fresh=True), Guard())] if train and part else []
    for technique in all_techniques().values():
        options = technique.chosen(point, fidelity)
        if options is not None:
            # said in any case where something trains: a recipe that says nothing follows the float model
            teach = float(point["teach"]) if part and technique.teachable else 0.0 if options.trains else None
            stages.append(Stage(technique.use, "", options, Guard(), teach))
    named = (replace(stage, name=stage_name(place, stage.use)) for place, stage in enumerate(stages, start=1))
    return Recipe("fit", title, seed, TaskOptions(), Guard(), tuple(named))


def trains(point: Point) -> bool:
    """Whether the point's recipe changes the model at all, beyond its conversion."""
    return any(one.trains and point[one.name] != one.off for one in full_space().dimensions)
