"""Weights chosen for a layer's outputs, layer by layer: what the stages that do so have in common.

The outputs of the uncompressed model are the target, and each layer reads what the layers before it give as
they have become.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from tinyml_compress.results import Listing
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques._grid import Centred, rounded
from tinyml_compress.techniques._layerwise import LayerWalk, LinearMap
from tinyml_compress.techniques._second_order import Quadratic
from tinyml_compress.techniques.technique import Applied, Context, StageOptions, Technique, count, excluded

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Maps = tuple[LinearMap, ...]


@dataclass(frozen=True)
class ChosenOptions(StageOptions):
    """What these stages look at, and what they leave alone."""

    samples: int = count(512, 8, 100_000, "calibration samples that are looked at")
    exclude: tuple[str, ...] = excluded()

    @property
    def solves(self) -> bool:
        return True


O = TypeVar("O", bound=ChosenOptions)  # noqa: E741


@dataclass(frozen=True, eq=False)
class Chosen:
    """The model with its new weights, and per layer the part of its outputs' energy that is lost."""

    model: Any
    losses: dict[str, tuple[float, float]]
    """With every weight at the nearest of as many even steps, and as chosen."""


class Chooser(Technique[O]):
    """A stage that chooses the weights of a layer together."""

    verb: ClassVar[str]
    """What it does to them."""
    fixes_weights = True

    @abstractmethod
    def kernels(self, options: O, layer: Any, maps: Maps) -> list[Floats]:
        """One for each of the layer's maps; biases follow by themselves."""

    def bits(self, options: O) -> int:
        """Of a weight."""
        return 8

    def choose(
        self,
        options: O,
        model: Any,
        inputs: Array,
        seed: int = 0,
        tell: Callable[[str], None] = lambda text: None,
    ) -> Chosen:
        """A copy of `model`; `inputs` are calibration samples, without labels."""
        fix_seeds(seed)
        walk = LayerWalk(model, np.asarray(inputs)[: options.samples], seed)
        losses = {}
        for layer in walk.chosen(options.exclude, self.verb):
            tell(f"{layer.name}: weights chosen for its outputs")
            maps = walk.maps(layer)
            pairs = zip(maps, self.kernels(options, layer, maps), strict=True)
            chosen = [_with_bias(one, kernel) for one, kernel in pairs]
            nearest = (rounded(one.weights[:, : one.inputs], self.bits(options)) for one in maps)
            simple = [
                np.concatenate([kernel, one.weights[:, one.inputs :]], axis=1)
                for one, kernel in zip(maps, nearest, strict=True)
            ]
            losses[layer.name] = (_lost(maps, simple), _lost(maps, chosen))
            walk.put(layer, chosen)
        return Chosen(walk.working, losses)

    def apply(self, options: O, model: Any, context: Context) -> Applied:
        done = self.choose(options, model, self.calibration(context), context.seed, context.tell)
        nearest = "part of its outputs lost by nearest steps"
        head = (("layer", ""), (nearest, "{:.2e}"), ("by chosen ones", "{:.2e}"))
        rows = [(name, *losses) for name, losses in done.losses.items()]
        return Applied(done.model, (), Listing.of(head, rows))


def of_kernel(one: LinearMap) -> tuple[Quadratic, Floats]:
    """The problem of the kernel alone, the bias following it, and the kernel."""
    problem = one.problem.damped(one.weights)
    return Centred.of(problem).problem if one.has_bias else problem, one.weights[:, : one.inputs]


def _with_bias(one: LinearMap, kernel: Floats) -> Floats:
    return Centred.of(one.problem.damped(one.weights)).with_bias(kernel) if one.has_bias else kernel


def _lost(maps: Maps, weights: list[Floats]) -> float:
    pairs = list(zip(maps, weights, strict=True))
    lost = sum(float((one.problem.loss(new) * one.scale).sum()) for one, new in pairs)
    return max(0.0, lost) / max(sum(float((one.problem.energy * one.scale).sum()) for one in maps), 1e-30)
