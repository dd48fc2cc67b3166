"""Optimal-brain pruning: zeros without training and without labels.

Layer by layer, the weights go whose loss the layer's outputs feel least, and those that stay are re-solved so
that the outputs come as near as they can to what the uncompressed model gave for the same samples. How many
go from which layer is decided by what each layer's zeros do to the model's outputs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.results import Listing
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques._layerwise import LINEAR, LayerWalk, LinearMap, divergence
from tinyml_compress.techniques._second_order import Pruner
from tinyml_compress.techniques._sharing import LEVELS, choose_levels
from tinyml_compress.techniques.patterns import (
    IN_CONVOLUTIONS,
    IN_DENSE,
    Pattern,
    Patterns,
    pattern_of,
)
from tinyml_compress.techniques.sparsity import ZEROS_HEAD, Zeros, prunable_weights, zeros_of
from tinyml_compress.techniques.technique import (
    Applied,
    Context,
    StageOptions,
    Technique,
    count,
    excluded,
    mapping,
    matching,
    number,
    text,
    word,
)

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class BrainOptions(StageOptions):
    """Weights whose loss the outputs feel least become zero, the others make up for them: no training, no
    labels.
    """

    sparsity: float = number(0.6, 0.0, 0.99, "part of the weights that becomes zero")
    share: str = word(
        "measured",
        ("measured", "alike"),
        "which layers give most: as the outputs bear it, or all the same part",
    )
    layers: Mapping[str, float] = mapping(0.0, 0.99, "sparsity of single layers, by name pattern")
    exclude: tuple[str, ...] = excluded()
    pattern: str = text(
        "M:N (M zeros in N neighbours along the inputs) or blocks that a kernel skips: 4x2 in convolutions, "
        "1x4 in dense layers; empty: any weight"
    )
    dense_pattern: str = text("the pattern of dense layers; empty: as `pattern`")
    samples: int = count(512, 8, 100_000, "calibration samples that are looked at")

    @property
    def patterns(self) -> Patterns:
        """Of dense layers and of all others."""
        other = pattern_of(self.pattern) if self.pattern else None
        return Patterns(other, pattern_of(self.dense_pattern) if self.dense_pattern else other)

    def problem(self) -> str | None:
        own = self.patterns
        others = None if own.other is None else IN_CONVOLUTIONS.refusal(own.other)
        dense = None if own.dense is None else IN_DENSE.refusal(own.dense)
        if self.dense_pattern and dense is not None:
            return f"dense_pattern = {self.dense_pattern!r}: {dense}"
        if others is not None and (self.dense_pattern or dense is not None):
            return f"pattern = {self.pattern!r}: {others}"
        return None

    @property
    def solves(self) -> bool:
        return True

    def milder(self) -> BrainOptions | None:
        if self.sparsity <= 0.1 or self.patterns.has_groups:
            return None
        layers = {name: round(part * 0.9, 4) for name, part in self.layers.items()}
        return replace(self, sparsity=round(self.sparsity * 0.9, 4), layers=layers)


@dataclass(frozen=True, eq=False)
class BrainPruned:
    """The pruned model, its zeros, and what was decided on the way."""

    model: Any
    shares: Mapping[str, float]
    """The part of zeros that each layer was given."""
    harms: Mapping[str, Sequence[float]]
    """How far the outputs moved for zeros in this layer alone, at 0 and at each of LEVELS."""
    notes: tuple[str, ...]


def prune_by_outputs(
    model: Any,
    inputs: Array,
    options: BrainOptions,
    seed: int = 0,
    tell: Callable[[str], None] = lambda text: None,
) -> BrainPruned:
    """A pruned copy of `model`; `inputs` are calibration samples, without labels."""
    fix_seeds(seed)
    walk = LayerWalk(model, inputs[: options.samples], seed, recurrent=True)
    patterns = options.patterns
    fixed, free, notes = _asked(walk, options, patterns)
    has_choice = options.share == "measured" and options.sparsity > 0 and not patterns.has_groups
    harms = _sensitivities(walk, free, patterns, tell) if has_choice else {}
    shares = {**_shared(walk, harms, free, options), **fixed}
    for layer in walk.layers():
        tell(f"{layer.name}: zeros, and the others re-solved")
        maps, own = walk.maps(layer), patterns.of(layer) if layer.name in shares else None
        walk.put(layer, [_pruner(one, own).weights(shares.get(layer.name, 0.0)) for one in maps])
    return BrainPruned(walk.working, shares, harms, notes)


def _sensitivities(
    walk: LayerWalk,
    names: Sequence[str],
    patterns: Patterns,
    tell: Callable[[str], None] = lambda text: None,
) -> dict[str, tuple[float, ...]]:
    """Per layer how far the model's outputs move when this layer alone has so many zeros, at 0 and each of
    LEVELS.
    """
    right = walk.outputs(walk.reference)
    harms = {}
    for layer in walk.layers():
        if layer.name not in names:
            continue
        tell(f"{layer.name}: what its zeros do to the outputs")
        pruners, moved = [_pruner(one, patterns.of(layer)) for one in walk.maps(layer)], [0.0]
        for level in LEVELS:
            with walk.tried(layer, [pruner.weights(level) for pruner in pruners]):
                # more zeros never count as less harm than fewer
                moved.append(max(moved[-1], divergence(right, walk.outputs(walk.working))))
        harms[layer.name] = tuple(moved)
    return harms


def _asked(
    walk: LayerWalk, options: BrainOptions, patterns: Patterns
) -> tuple[dict[str, float], list[str], tuple[str, ...]]:
    """Layers whose part of zeros is given, those that share out the rest, and what is left dense and why."""
    known = [layer for layer in walk.working.layers if prunable_weights(layer)]
    matching((*options.exclude, *options.layers), [layer.name for layer in known])
    linear = {layer.name for layer in walk.layers()}
    fixed: dict[str, float] = {}
    free: list[str] = []
    notes: list[str] = []
    for layer in known:
        given = next((part for name, part in options.layers.items() if fnmatch(layer.name, name)), None)
        if any(fnmatch(layer.name, name) for name in options.exclude):
            notes.append(f"{layer.name}: left dense, excluded by the recipe")
        elif layer.name not in linear:
            notes.append(
                f"{layer.name} ({type(layer).__name__}): left dense, its error at the outputs is not known"
            )
        elif (reason := patterns.refusal(layer)) is not None:
            notes.append(f"{layer.name}: left dense, {reason}")
        elif not _fits(layer, patterns.of(layer)):
            notes.append(f"{layer.name}: left dense, the pattern does not fit its inputs and outputs")
        elif given is not None:
            fixed[layer.name] = given
        else:
            free.append(layer.name)
    pruned = [layer for layer in known if layer.name in (*fixed, *free)]
    if known and not pruned and options.pattern:
        raise UnsupportedLayer(
            "the pattern suits no layer of this model",
            which=options.pattern,
            found="; ".join(notes),
            allowed="4x2 where convolutions have 4 inputs and 2 outputs, 1x4 in dense layers",
            next_step="leave `pattern` out, or give `dense_pattern`",
        )
    return fixed, free, (*notes, *patterns.notes(pruned))


def _shared(
    walk: LayerWalk, harms: Mapping[str, Sequence[float]], free: Sequence[str], options: BrainOptions
) -> dict[str, float]:
    """Every free layer's part of zeros."""
    if not harms:
        return dict.fromkeys(free, options.sparsity)
    layers = [walk.working.get_layer(name) for name in free]
    weights = {layer.name: sum(math.prod(one.shape) for one in prunable_weights(layer)) for layer in layers}
    prices = {name: [size * (1 - level) for level in (0.0, *LEVELS)] for name, size in weights.items()}
    return choose_levels(prices, harms, weights, sparsity=options.sparsity, unit=1e-3)


def _fits(layer: Any, pattern: Pattern | None) -> bool:
    """Blocks may end early, groups may not; a depthwise kernel has neither."""
    if pattern is None:
        return True
    channels, outputs = layer.get_weights()[0].shape[-2:]
    if type(layer).__name__ == "DepthwiseConv2D" or type(layer).__name__ not in LINEAR:
        return False
    if pattern.group:
        return bool(channels % pattern.group == 0)
    return bool(channels >= pattern.rows and outputs >= pattern.columns)


def _pruner(one: LinearMap, pattern: Pattern | None) -> Pruner:
    places = np.arange(one.inputs)
    rows = pattern.rows if pattern is not None else 1
    taps, channel = places // one.channels, places % one.channels
    units = taps * -(-one.channels // rows) + channel // rows
    units = np.append(units, np.full(int(one.has_bias), -1))
    damped = one.problem.damped(one.weights)
    if pattern is None:
        return Pruner(damped, units, one.scale)
    return Pruner(damped, units, one.scale, pattern.group, pattern.zeros, pattern.columns)


class OptimalBrain(Technique[BrainOptions]):
    """The stage `optimal_brain`."""

    use = "optimal_brain"
    options = BrainOptions
    place = 31

    def apply(self, options: BrainOptions, model: Any, context: Context) -> Applied:
        done = prune_by_outputs(model, self.calibration(context), options, context.seed, context.tell)
        rows = [
            (row.layer, row.zeros, row.weights, row.part, _harm(done.harms.get(row.layer), row))
            for row in zeros_of(done.model)
        ]
        head = (*ZEROS_HEAD, ("outputs moved by it alone", "{:.3g}%"))
        return Applied(done.model, done.notes, Listing.of(head, rows))


def _harm(harms: Sequence[float] | None, row: Zeros) -> float | str:
    return "" if harms is None else float(np.interp(row.part, (0.0, *LEVELS), harms))


TECHNIQUE = OptimalBrain()
