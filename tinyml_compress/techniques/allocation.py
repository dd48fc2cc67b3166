"""Which sparsity each layer gets, so that the zeros buy most of what is scarce on a device per point of
accuracy.

What a layer's zeros cost is measured (`sensitivity.py`) on samples of the training part: how far the model's
outputs move when that layer alone is pruned. What they buy comes from a function
that the caller gives: the price of every layer when all are pruned alike. The greedy choice then takes, step
by step, the layer whose next zeros buy most for what they cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy.typing as npt

from tinyml_compress.errors import TrainingError
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques._sharing import LEVELS, choose_levels
from tinyml_compress.techniques.graph import copy_model
from tinyml_compress.techniques.patterns import Patterns, magnitude_mask
from tinyml_compress.techniques.sensitivity import Means, measured
from tinyml_compress.techniques.sparsity import prunable_weights

Array = npt.NDArray[Any]
_ANY = Patterns()


class Currency(Enum):
    """What the zeros shall buy."""

    CYCLES = "cycles"
    FLASH = "flash"


@dataclass(frozen=True)
class Price:
    """What a layer costs on the device."""

    cycles: float
    nbytes: float
    """Its weights in flash."""

    def of(self, currency: Currency) -> float:
        return self.cycles if currency is Currency.CYCLES else self.nbytes


Pricing = Callable[[Any], Mapping[str, Price]]
"""From a model, some of whose weights are zero, to the price of each layer; of unknown layers there is none.
"""


@dataclass(frozen=True)
class LayerShare:
    """One layer's share."""

    name: str
    weights: int
    sparsity: float
    harm: float
    """How far the outputs move when this layer alone is pruned so, without training: per cent of their
    variance.
    """
    dense: Price
    pruned: Price


@dataclass(frozen=True)
class Allocation:
    """The sparsities, and what they are expected to buy before any training."""

    currency: Currency
    layers: tuple[LayerShare, ...]
    rest: Price
    """Of the layers that were not up for choice."""
    notes: tuple[str, ...] = ()

    @property
    def sparsities(self) -> dict[str, float]:
        """For the pruning stage."""
        return {layer.name: layer.sparsity for layer in self.layers}

    @property
    def sparsity(self) -> float:
        """Of all these layers together."""
        return sum(row.sparsity * row.weights for row in self.layers) / max(
            1, sum(row.weights for row in self.layers)
        )

    def total(self, pruned: bool) -> Price:
        """Of the whole model."""
        prices = [self.rest, *((row.pruned if pruned else row.dense) for row in self.layers)]
        return Price(sum(price.cycles for price in prices), sum(price.nbytes for price in prices))


def allocate(
    model: Any,
    inputs: Array,
    price: Pricing,
    *,
    currency: Currency,
    sparsity: float,
    budget: float = 0.0,
    fixed: Callable[[str], bool] = lambda name: False,
    patterns: Patterns = _ANY,
    seed: int = 0,
    beat: Callable[[], None] = lambda: None,
) -> Allocation:
    """Sparsities for all layers but the `fixed` ones: until `sparsity` of their weights together are zero or,
    with a `budget`, until the price of the model has fallen to this part of the dense one's.
    """
    fix_seeds(seed)
    flat = copy_model(model)
    chosen = [layer for layer in flat.layers if prunable_weights(layer) and not fixed(layer.name)]
    dense = price(flat)
    known = [layer for layer in chosen if layer.name in dense and _fits(layer, patterns)]
    notes = [
        f"{layer.name} ({type(layer).__name__}): pruned like all others, its price on the device is not known"
        for layer in chosen
        if layer.name not in dense
    ]
    if not known:
        raise TrainingError(
            "no layer to share the zeros out to",
            which=model.name,
            found="; ".join(notes) or "no layer with a kernel that the pattern fits",
            next_step="leave `allocate` out: every layer then gets the same sparsity",
        )
    prices: list[Mapping[str, Price]] = [dense]
    names = {layer.name for layer in known}
    sensitivity = measured(
        model, inputs, (Means.ZEROS,), only=names.__contains__, patterns=patterns, seed=seed
    )
    harms, curves = sensitivity.harms(), {curve.layer: curve for curve in sensitivity.curves}
    for level in LEVELS:
        with _pruned(known, dict.fromkeys(names, level), patterns):
            prices.append(price(flat))
        beat()
    weights = {layer.name: sum(math.prod(w.shape) for w in prunable_weights(layer)) for layer in known}
    values = {name: [row.get(name, dense[name]).of(currency) for row in prices] for name in weights}
    floor = sum(cost.of(currency) for name, cost in dense.items() if name not in weights)
    levels = choose_levels(values, harms, weights, sparsity=sparsity, budget=budget, floor=floor, unit=1e-3)
    with _pruned(known, levels, patterns):
        final = price(flat)
    beat()
    rows = tuple(
        LayerShare(
            layer.name,
            weights[layer.name],
            levels[layer.name],
            curves[layer.name].at(levels[layer.name]),
            dense[layer.name],
            final.get(layer.name, Price(0.0, 0.0)),
        )
        for layer in known
    )
    others = [cost for name, cost in final.items() if name not in weights]
    rest = Price(sum(cost.cycles for cost in others), sum(cost.nbytes for cost in others))
    return Allocation(currency, rows, rest, tuple(notes))


def _fits(layer: Any, patterns: Patterns) -> bool:
    return all(
        magnitude_mask(weight.numpy(), 0.0, patterns.of(layer)) is not None
        for weight in prunable_weights(layer)
    )


@contextmanager
def _pruned(layers: Sequence[Any], sparsities: Mapping[str, float], patterns: Patterns) -> Iterator[None]:
    """While it lasts, these layers have these sparsities."""
    before = [(weight, weight.numpy()) for layer in layers for weight in prunable_weights(layer)]
    for layer in layers:
        for weight in prunable_weights(layer):
            mask = magnitude_mask(weight.numpy(), sparsities[layer.name], patterns.of(layer))
            assert mask is not None
            weight.assign(weight.numpy() * mask)
    try:
        yield
    finally:
        for weight, value in before:
            weight.assign(value)
