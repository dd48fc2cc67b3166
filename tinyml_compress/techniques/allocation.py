"""Which sparsity each layer gets, so that the zeros buy most of what is scarce on a device per point of
accuracy.

What a layer's zeros cost is found by pruning that layer alone, at once and without training, and scoring the
model on samples of the training part (the evaluation data stay unseen). What they buy comes from a function
that the caller gives: the price of every layer when all are pruned alike. The greedy choice then takes, step
by step, the layer whose next zeros buy most for what they cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from tinyml_compress.errors import TrainingError
from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.support.backend import fix_seeds, tensorflow
from tinyml_compress.techniques.graph import copy_model
from tinyml_compress.techniques.pruning import Patterns, magnitude_mask
from tinyml_compress.techniques.sparsity import prunable_weights
from tinyml_compress.techniques.training import Samples, Task, score_of

__all__ = ["LEVELS", "Allocation", "Currency", "Layer", "Price", "Pricing", "allocate", "choose_levels"]

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
"""The sparsities that are tried on every layer."""
_SAMPLES = 512
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
class Layer:
    """One layer's share."""

    name: str
    weights: int
    sparsity: float
    harm: float
    """Points of score lost (or percent of error gained) when this layer alone is pruned so, without training.
    """
    dense: Price
    pruned: Price


@dataclass(frozen=True)
class Allocation:
    """The sparsities, and what they are expected to buy before any training."""

    currency: Currency
    layers: tuple[Layer, ...]
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
    samples: Samples,
    task: Task,
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
    harms: dict[str, list[float]] = {layer.name: [0.0] for layer in known}
    scan = _Scan(flat, task, samples, seed)
    for level in LEVELS:
        with _pruned(known, dict.fromkeys((layer.name for layer in known), level), patterns):
            prices.append(price(flat))
        beat()
        for layer in known:
            with _pruned([layer], {layer.name: level}, patterns):
                # fewer weights never count as less harm than more
                harms[layer.name].append(max(harms[layer.name][-1], scan.harm()))
    weights = {layer.name: sum(math.prod(w.shape) for w in prunable_weights(layer)) for layer in known}
    values = {name: [row.get(name, dense[name]).of(currency) for row in prices] for name in weights}
    floor = sum(cost.of(currency) for name, cost in dense.items() if name not in weights)
    levels = choose_levels(
        values, harms, weights, sparsity=sparsity, budget=budget, floor=floor, unit=scan.unit
    )
    with _pruned(known, levels, patterns):
        final = price(flat)
    beat()
    rows = tuple(
        Layer(
            layer.name,
            weights[layer.name],
            levels[layer.name],
            float(np.interp(levels[layer.name], [0.0, *LEVELS], harms[layer.name])),
            dense[layer.name],
            final.get(layer.name, Price(0.0, 0.0)),
        )
        for layer in known
    )
    others = [cost for name, cost in final.items() if name not in weights]
    rest = Price(sum(cost.cycles for cost in others), sum(cost.nbytes for cost in others))
    return Allocation(currency, rows, rest, tuple(notes))


def choose_levels(
    values: Mapping[str, Sequence[float]],
    harms: Mapping[str, Sequence[float]],
    weights: Mapping[str, int],
    *,
    sparsity: float,
    budget: float = 0.0,
    floor: float = 0.0,
    unit: float = 0.1,
) -> dict[str, float]:
    """The greedy choice: per layer its price and its harm at 0 and at every level, in; its sparsity, out.

    `unit` is the smallest harm that the scan can see: what is below it must not look free. A step may leap
    over levels, for a little sparsity can cost more than none.
    """
    ladder = (0.0, *LEVELS)
    at = dict.fromkeys(values, 0)
    total = sum(weights.values())
    wanted = sparsity * total
    limit = budget * (floor + sum(row[0] for row in values.values()))

    def zeros() -> float:
        return sum(weights[name] * ladder[place] for name, place in at.items())

    def enough() -> bool:
        if budget:
            return floor + sum(values[name][place] for name, place in at.items()) <= limit
        return zeros() >= wanted - 1e-9 * total

    last: tuple[str, int] | None = None
    while not enough():
        steps = [
            _Step(
                name,
                place,
                gain=max(0.0, values[name][at[name]] - values[name][place]),
                zeros=weights[name] * (ladder[place] - ladder[at[name]]),
                harm=harms[name][place] - harms[name][at[name]] + unit,
            )
            for name in at
            for place in range(at[name] + 1, len(ladder))
        ]
        if not steps:
            break  # all at the highest level
        best = max(steps, key=lambda step: step.rank)  # the first of equals: always the same
        if budget and not best.gain:
            break
        last = (best.name, at[best.name])
        at[best.name] = best.place
    found = {name: ladder[place] for name, place in at.items()}
    if last is not None and not budget and zeros() > wanted:
        name, before = last
        enough_here = found[name] - (zeros() - wanted) / weights[name]
        found[name] = _cut_back(values[name], ladder, before, at[name], enough_here)
    return {name: round(value, 4) for name, value in found.items()}


def _cut_back(
    values: Sequence[float], ladder: Sequence[float], before: int, after: int, enough: float
) -> float:
    """The last step need not go all the way, but it must not end where the zeros cost more than they save."""
    if np.interp(enough, ladder, values) < values[before] or values[after] >= values[before]:
        return enough
    paying = (ladder[place] for place in range(before + 1, after + 1) if values[place] < values[before])
    return next(level for level in paying if level >= enough)


@dataclass(frozen=True)
class _Step:
    name: str
    place: int
    gain: float
    zeros: float
    harm: float

    @property
    def rank(self) -> tuple[float, float]:
        """Steps that buy nothing come last, those of most zeros for their harm first."""
        return self.gain / self.harm, self.zeros / self.harm


class _Scan:
    """Scores the model as it is now on a fixed choice of samples."""

    def __init__(self, model: Any, task: Task, samples: Samples, seed: int) -> None:
        count = min(_SAMPLES, len(samples))
        places = np.sort(np.random.default_rng(seed).permutation(len(samples))[:count])
        labels = None if samples.labels is None else samples.labels[places]
        if task.metric is ScoreKind.AUC and (labels is None or len(np.unique(labels)) < 2):
            task = replace(task, metric=ScoreKind.MSE)  # no anomalies to tell apart: how well it reconstructs
        self._task, self._samples = task, Samples(samples.inputs[places], labels)
        self._run = tensorflow().function(lambda x: model(x, training=False))
        self._base = self._score()
        self.unit = 100.0 / count if task.metric.higher_is_better else 0.1

    def harm(self) -> float:
        return 100.0 * self._task.metric.drop(self._base, self._score())

    def _score(self) -> float:
        inputs = np.asarray(self._samples.inputs, np.float32)
        parts = [np.asarray(self._run(inputs[start : start + 128])) for start in range(0, len(inputs), 128)]
        return score_of(np.concatenate(parts), self._task, self._samples)


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
