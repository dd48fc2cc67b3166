"""Cross-layer equalization: channels of one tensor get alike ranges, the layers on both sides taking up the
factors.

A tensor has one int8 scale. A channel that is ten times smaller than its neighbours has a tenth of the steps.
Scaled up where it is made, and down where it is read, it has all of them, and the float outputs are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.results import Listing
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques._prepare import prepare
from tinyml_compress.techniques._scaling import scalable, scaled
from tinyml_compress.techniques._simulated import Simulation
from tinyml_compress.techniques.channels import ChannelGraph, CutRole
from tinyml_compress.techniques.technique import (
    Applied,
    Context,
    Dimension,
    Fidelity,
    Point,
    StageOptions,
    Technique,
    count,
    excluded,
    matching,
    number,
)

Array = npt.NDArray[Any]

CARE = "care"
"""The dimension of the search that this stage shares with those that follow it."""
_LEVELS = ("plain", "even", "clipped", "rounded")
_STRENGTHS = (0.25, 0.5, 0.75, 1.0)
_MOST = 1e3
"""A channel that is all but silent is not blown up without end."""


@dataclass(frozen=True)
class EqualOptions(StageOptions):
    """Channels of a tensor get alike ranges, the layers on both sides taking up the factors: outputs stay."""

    strength: float = number(
        0.0, 0.0, 1.0, "1: activations fully alike; less leaves more to the weights; 0: as the loss says"
    )
    samples: int = count(256, 8, 100_000, "calibration samples that are looked at")
    exclude: tuple[str, ...] = excluded()


@dataclass(frozen=True, eq=False)
class Equalized:
    """The model with normalizations folded and channels scaled, and how it compares."""

    model: Any
    strength: float
    """0: no scaling lowered the loss."""
    losses: Mapping[float, float]
    """Per strength how far int8 moves the outputs, in per cent of their variance; 0 is the model as it is."""
    spreads: Mapping[str, tuple[float, float]]
    """Per layer the largest channel's range over the median one's, before and after."""
    notes: tuple[str, ...]


def equalize(model: Any, inputs: Array, options: EqualOptions, seed: int = 0) -> Equalized:
    """Scale channels as strongly as `options` says, or as lowers int8's loss on the samples most."""
    fix_seeds(seed)
    folded = prepare(model).model
    chosen = np.asarray(inputs)[: options.samples]
    graph = scalable(folded)
    spared = matching(options.exclude, [cut.layer.name for cut in graph.cuts])
    for cut in graph.cuts:
        if cut.layer.name in spared:
            graph.pin(
                np.concatenate([cut.inputs, cut.outputs]), f"{cut.layer.name} is excluded by the recipe"
            )
    ranges = _ranges(Simulation(folded, chosen), graph)
    if not ranges:
        raise UnsupportedLayer(
            "no channel of this model can be scaled without changing its outputs",
            which=model.name,
            found="; ".join(dict.fromkeys(graph.pinned.values())),
            allowed="layers with weights, one behind the other, with nothing or a ReLU between",
            next_step="leave the stage out; ReLU6 and other capped activations stand in the way",
        )
    weights = _weight_ranges(graph)
    losses = {0.0: Simulation(folded, chosen).loss()}
    best, at = folded, 0.0
    for strength in (options.strength,) if options.strength else _STRENGTHS:
        candidate = scaled(folded, _factors(graph, ranges, weights, strength))
        losses[strength] = Simulation(candidate, chosen).loss()
        if losses[strength] < losses[at] or options.strength:
            best, at = candidate, strength
    after = _ranges(Simulation(best, chosen), graph)
    pinned = tuple(dict.fromkeys(why for why in graph.pinned.values() if "model" not in why))
    return Equalized(best, at, losses, _spreads(graph, ranges, after), pinned)


def _ranges(simulation: Simulation, graph: ChannelGraph) -> dict[int, float]:
    """Per unit that may be scaled the largest magnitude that it takes on the samples."""
    ranges: dict[int, float] = {}

    def look(place: int, value: Any) -> Any:
        units = graph.units[place]
        if len(units) == value.shape[-1]:
            most = np.abs(np.asarray(value)).reshape(-1, len(units)).max(axis=0)
            for unit, size in zip(units, most, strict=True):
                if int(unit) not in graph.pinned:
                    ranges[int(unit)] = max(ranges.get(int(unit), 0.0), float(size))
        return value

    simulation.run(look)
    return ranges


def _weight_ranges(graph: ChannelGraph) -> dict[int, float]:
    """Per unit how large the weights that read it are, at most, against the largest of their own scales.

    A depthwise convolution has a scale for every channel, and does not care.
    """
    ranges: dict[int, float] = {}
    for cut in graph.cuts:
        if cut.role is CutRole.DEPTHWISE:
            continue
        kernel = np.abs(cut.layer.get_weights()[0]).reshape(-1, *cut.layer.get_weights()[0].shape[-2:]).max(0)
        part = (kernel / np.maximum(kernel.max(axis=0), 1e-12)).max(axis=1)
        for unit, size in zip(cut.inputs, np.tile(part, len(cut.inputs) // len(part)), strict=True):
            ranges[int(unit)] = max(ranges.get(int(unit), 0.0), float(size))
    return ranges


def _factors(
    graph: ChannelGraph, ranges: Mapping[int, float], weights: Mapping[int, float], strength: float
) -> dict[int, float]:
    """Per unit: small activations grow, as far as the weights that read them bear it."""
    factors: dict[int, float] = {}
    for cut in graph.cuts:
        units = [int(unit) for unit in cut.outputs if int(unit) in ranges and int(unit) not in factors]
        most = max((ranges[unit] for unit in units), default=0.0)
        for unit in units:
            part = max(ranges[unit] / most, 1 / _MOST) if most > 0 and ranges[unit] > 0 else 1.0
            read = weights.get(unit)
            if read is None:  # only depthwise convolutions read it
                factors[unit] = 1 / part
            else:
                factors[unit] = max(read, 1 / _MOST) ** (1 - strength) / part**strength
    return factors


def _spreads(
    graph: ChannelGraph, before: Mapping[int, float], after: Mapping[int, float]
) -> dict[str, tuple[float, float]]:
    spreads = {}
    for cut in graph.cuts:
        units = [int(unit) for unit in cut.outputs if before.get(int(unit), 0.0) > 0]
        if units:
            was, now = (np.array([side[unit] for unit in units]) for side in (before, after))
            spreads[cut.layer.name] = (float(was.max() / np.median(was)), float(now.max() / np.median(now)))
    return spreads


def takes_care(point: Point, fidelity: Fidelity, level: str) -> bool:
    """Whether a point of the search goes at least as far as `level` before its conversion."""
    far = _LEVELS.index(str(point[CARE])) >= _LEVELS.index(level)
    return far and fidelity.trains and not point["qat"]


class Equalization(Technique[EqualOptions]):
    """The stage `equalize`."""

    use = "equalize"
    options = EqualOptions
    place = 45
    dimensions = (
        Dimension(
            CARE,
            _LEVELS,
            "plain",
            "before int8: channels made even, then ranges clipped too, then weights rounded together too",
            matters=lambda point: not point["qat"],  # which learns ranges and roundings of its own
            trains=True,
        ),
    )

    def apply(self, options: EqualOptions, model: Any, context: Context) -> Applied:
        done = equalize(model, self.calibration(context), options, context.seed)
        told = ", ".join(f"{strength:g}: {loss:.3g}%" for strength, loss in done.losses.items())
        note = f"strength {done.strength:g}; int8 moves the outputs by (strength: part of variance) {told}"
        head = (("layer", ""), ("widest channel over the median", "{:.1f}"), ("after", "{:.1f}"))
        rows = [(name, *spread) for name, spread in done.spreads.items()]
        return Applied(done.model, (note, *done.notes), Listing.of(head, rows))

    def chosen(self, point: Point, fidelity: Fidelity) -> EqualOptions | None:
        return EqualOptions() if takes_care(point, fidelity, "even") else None


TECHNIQUE = Equalization()
