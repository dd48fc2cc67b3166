"""Second-order rounding: the int8 weights of a layer are chosen together, so that its outputs come near.

Rounding every weight to its nearest step is best for the weights, not for the outputs. Here the steps are
chosen with the outputs of the uncompressed model as the target and the activations of the rounded layers
before as input. The weights then lie exactly on the steps that the converter will choose, and it rounds
nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques._grid import Centred, Grid, on_grid, rounded
from tinyml_compress.techniques._layerwise import LinearMap, Walk
from tinyml_compress.techniques.brain_quantization import WEIGHT_BITS
from tinyml_compress.techniques.equalization import takes_care
from tinyml_compress.techniques.technique import (
    Context,
    Fidelity,
    Options,
    Outcome,
    Point,
    Technique,
    count,
    excluded,
    flag,
)

__all__ = ["TECHNIQUE", "RoundOptions", "Rounded", "round_weights"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_MOST = 127


@dataclass(frozen=True)
class RoundOptions(Options):
    """The int8 weights of a layer are chosen together for its outputs: no training, no labels."""

    per_tensor_dense: bool = flag(False, "one scale per dense kernel; say the same in convert")
    samples: int = count(512, 8, 100_000, "calibration samples that are looked at")
    exclude: tuple[str, ...] = excluded()


@dataclass(frozen=True, eq=False)
class Rounded:
    """The model with weights on int8's steps, and per layer the part of its outputs' energy that is lost."""

    model: Any
    losses: dict[str, tuple[float, float]]
    """With every weight at its nearest step, and as chosen."""


def round_weights(
    model: Any,
    inputs: Array,
    options: RoundOptions,
    seed: int = 0,
    tell: Callable[[str], None] = lambda text: None,
) -> Rounded:
    """Layer by layer, each reading what the rounded layers before it give."""
    fix_seeds(seed)
    walk = Walk(model, np.asarray(inputs)[: options.samples], seed)
    losses = {}
    for layer in walk.chosen(options.exclude, "rounded"):
        tell(f"{layer.name}: steps chosen for its outputs")
        maps = walk.maps(layer)
        one_scale = options.per_tensor_dense and type(layer).__name__ == "Dense"
        chosen = [_chosen(one, one_scale) for one in maps]
        simple = [_at_nearest(one) for one in maps]
        losses[layer.name] = (_lost(maps, simple), _lost(maps, chosen))
        walk.put(layer, chosen)
    return Rounded(walk.working, losses)


def _chosen(one: LinearMap, one_scale: bool) -> Floats:
    weights = one.weights[:, : one.inputs]
    size = np.abs(weights)
    tops = size.max(axis=1, initial=0.0)
    fixed = weights == 0  # what pruning made
    if one_scale:
        fixed[np.unravel_index(size.argmax(), size.shape)] = True
        tops = np.full_like(tops, tops.max(initial=0.0))
    else:
        fixed[np.arange(len(weights)), size.argmax(axis=1)] = True
    grid = Grid(np.arange(-_MOST, _MOST + 1, dtype=np.float64), tops / _MOST, fixed)
    problem = one.problem.damped(one.weights)
    if not one.has_bias:
        return on_grid(problem, weights, grid)
    centred = Centred.of(problem)
    return centred.with_bias(on_grid(centred.problem, weights, grid))


def _at_nearest(one: LinearMap) -> Floats:
    kernel = rounded(one.weights[:, : one.inputs], 8)
    return np.concatenate([kernel, one.weights[:, one.inputs :]], axis=1)


def _lost(maps: tuple[LinearMap, ...], weights: list[Floats]) -> float:
    lost = sum(
        float((one.problem.loss(new) * one.scale).sum()) for one, new in zip(maps, weights, strict=True)
    )
    whole = sum(float((one.problem.energy * one.scale).sum()) for one in maps)
    return max(0.0, lost) / max(whole, 1e-30)


class SecondOrderRounding(Technique[RoundOptions]):
    """The stage `round_weights`."""

    use = "round_weights"
    options = RoundOptions
    place = 62
    fixes_weights = True

    def apply(self, options: RoundOptions, model: Any, context: Context) -> Outcome:
        done = round_weights(model, self.calibration(context), options, context.seed, context.tell)
        rows = [(name, f"{simple:.2e}", f"{chosen:.2e}") for name, (simple, chosen) in done.losses.items()]
        head = ("layer", "part of its outputs lost by nearest steps", "by chosen ones")
        return Outcome(done.model, (), (head, *rows))

    def chosen(self, point: Point, fidelity: Fidelity) -> RoundOptions | None:
        # weights of few bits have been chosen together already
        is_due = takes_care(point, fidelity, "rounded") and point[WEIGHT_BITS] == 8
        return RoundOptions() if is_due else None


TECHNIQUE = SecondOrderRounding()
