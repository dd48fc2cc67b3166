"""What the search may try: dimensions with ordered choices, and the recipe that a point of the space stands for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinyml_compress.support import files

__all__ = ["Choice", "Dimension", "Epochs", "Point", "Space", "full_space", "point_key", "recipe_text", "trains"]

Choice = str | int | float | bool
_ROUND = 4
"""Channel counts become multiples of it: kernels work on four outputs at a time, and the rest is dear."""
_NEW_EPOCHS, _NEW_RATE = 1.5, 3e-3
"""A student with new weights has further to go."""
Point = Mapping[str, Choice]


@dataclass(frozen=True)
class Dimension:
    """One thing that can be varied; `choices` are in order, and `off` is the one that changes nothing."""

    name: str
    choices: tuple[Choice, ...]
    off: Choice
    text: str
    probe: tuple[tuple[str, Choice], ...] = ()
    """A strong setting whose cost tells whether the dimension pays on the device; empty: needs no proof."""
    against: tuple[tuple[str, Choice], ...] = ()
    """The setting it has to beat; empty: the model as it is."""


@dataclass(frozen=True)
class Epochs:
    """Passes over the data at full fidelity, for the main stage of a recipe and for the smaller ones after it."""

    main: int = 30
    after: int = 12


@dataclass(frozen=True)
class Space:
    """The dimensions of one search, in order."""

    dimensions: tuple[Dimension, ...]

    def complete(self, point: Point) -> dict[str, Choice]:
        """The point with every dimension of the full space named: what is not searched, or changes nothing, is off."""
        known = {one.name: one.off for one in full_space().dimensions}
        full = {name: point.get(name, off) for name, off in known.items()}
        if full["keep"] == known["keep"]:
            full["narrow"] = known["narrow"]
        if full["keep"] == known["keep"] or full["narrow"] == "distil":
            full["scope"] = known["scope"]
        removes = full["keep"] != known["keep"] and full["narrow"] == "channels"
        if not removes and full["low_rank"] == known["low_rank"] and full["sparsity"] == known["sparsity"]:
            full["teach"] = known["teach"]
        if full["sparsity"] == known["sparsity"]:
            full["pattern"] = known["pattern"]
        if full["mode"] != known["mode"]:
            full["wide"] = known["wide"]
        return full

    def without(self, names: set[str]) -> Space:
        """The space without some dimensions."""
        return Space(tuple(one for one in self.dimensions if one.name not in names))

    def as_json(self) -> list[dict[str, Any]]:
        return [{"name": one.name, "choices": list(one.choices), "text": one.text} for one in self.dimensions]


def _only(name: str, value: Choice) -> tuple[tuple[str, Choice], ...]:
    return ((name, value),)


def full_space() -> Space:
    """All that recipes and engine can vary today."""
    return Space(
        (
            Dimension(
                "keep",
                tuple(1 - step / 16 for step in range(14)),
                1.0,
                "part of the channels that stays",
            ),
            Dimension("narrow", ("channels", "distil"), "channels", "channels are removed, or a new student is taught"),
            Dimension("scope", ("layer", "global"), "layer", "the same part in every layer, or the weakest of all"),
            Dimension("low_rank", (1.0, 0.8, 0.6, 0.4), 1.0, "parameters left in thin pairs", _only("low_rank", 0.6)),
            Dimension("sparsity", (0.0, 0.5, 0.7, 0.8, 0.9), 0.0, "weights that are zero", _only("sparsity", 0.9)),
            Dimension(
                "pattern",
                ("", "4x2"),
                "",
                "zeros in blocks, 4x2 in convolutions and 1x4 in dense layers, or anywhere",
                (("sparsity", 0.8), ("pattern", "4x2")),
                (("sparsity", 0.8),),
            ),
            Dimension("teach", (0.0, 0.5), 0.0, "weight of the float model's outputs against the labels"),
            Dimension("clusters", (0, 16, 32, 64), 0, "different values per kernel; 0: any", _only("clusters", 16)),
            Dimension("qat", (False, True), False, "fine-tuning in int8 arithmetic"),
            Dimension("mode", ("int8", "int16x8"), "int8", "number format of activations"),
            Dimension(
                "wide",
                (0, 1, 2, 4),
                0,
                "so many of the most sensitive values in int16",
            ),
            Dimension("level", ("balanced", "size", "speed", "ram"), "balanced", "what kernels are chosen for"),
        )
    )


def point_key(point: Point, *more: str) -> str:
    """The digest by which a trial is known."""
    return files.sha256(json.dumps([dict(sorted(point.items())), *more]).encode())[:16]


def recipe_text(
    point: Point,
    epochs: Epochs,
    *,
    part: float = 1.0,
    seed: int = 0,
    train: int = 0,
    sensitive: Sequence[Sequence[str]] = (),
    title: str = "found by fit",
) -> str:
    """The recipe of `point`, with `part` of the full training; 0 gives its shape with no training at all.

    `sensitive` holds, for the values that int8 hurts, the worst first, the layers that keep one in int16: the point
    says of how many values they stay wide.
    """
    main, after = (max(1, round(count * part)) if part else 0 for count in (epochs.main, epochs.after))
    lines = [f'title = "{title}"', f"seed = {seed}"]

    def stage(use: str, **options: Choice | list[str]) -> None:
        lines.extend(["", "[[stage]]", f'use = "{use}"'])
        lines.extend(f"{key} = {json.dumps(value)}" for key, value in options.items())

    if train and part:
        stage("train", epochs=train, fresh=True)
    if point["keep"] != 1.0:
        if point["narrow"] == "distil" and part:  # without training, a student has the shape of the narrowed model
            much = {"epochs": math.ceil(_NEW_EPOCHS * main), "learning_rate": _NEW_RATE}
            stage("distil", width=point["keep"], start="fresh", round_to=_ROUND, **much)
        else:
            rate = {"learning_rate": 2e-3} if part else {}  # what is left has much to learn anew
            keep = {"keep": point["keep"], "scope": point["scope"], "round_to": _ROUND}
            stage("channels", **keep, epochs=main, **rate, **_taught(point, part))
    if point["low_rank"] != 1.0:
        stage("low_rank", by="parameters", value=point["low_rank"], epochs=main, **_taught(point, part))
    if point["sparsity"] != 0.0:
        schedule = "polynomial" if part else "one_shot"
        blocks = {"pattern": point["pattern"], "dense_pattern": "1x4"} if point["pattern"] else {}
        stage("prune", sparsity=point["sparsity"], schedule=schedule, **blocks, epochs=main, **_taught(point, part))
    if point["clusters"]:
        stage("cluster", clusters=point["clusters"], epochs=after)
    if point["qat"] and part:
        stage("qat", preserve=_kept(point), epochs=after)
    wide = list(dict.fromkeys(layer for layers in sensitive[: int(point["wide"])] for layer in layers))
    stage("convert", mode=point["mode"], samples=300 if part else 16, **({"wide": wide} if wide else {}))
    return "\n".join(lines) + "\n"


def _taught(point: Point, part: float) -> dict[str, Choice]:
    return {"teach": point["teach"]} if part and point["teach"] else {}


def _kept(point: Point) -> str:
    sparse, clustered = point["sparsity"] != 0.0, bool(point["clusters"])
    if sparse and clustered:
        return "sparsity_and_clusters"
    return "sparsity" if sparse else "clusters" if clustered else "none"


def trains(point: Point) -> bool:
    """Whether the point's recipe changes the model at all, beyond its conversion."""
    off = {one.name: one.off for one in full_space().dimensions}
    return any(point[name] != off[name] for name in ("keep", "low_rank", "sparsity", "clusters", "qat"))
