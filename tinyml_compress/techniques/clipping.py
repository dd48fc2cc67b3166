"""Clipped activation ranges: a ReLU gets a cap where cutting off its rare large values lowers int8's loss.

A tensor's 256 steps reach from nothing to its largest value. Where that value is rare, most steps stand idle.
The cap is a ReLU6, which costs nothing because it is part of the operator before it: the channels are scaled
so that the cap lies at 6, and whatever reads them takes the factor back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.results import Listing
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques._layerwise import LINEAR
from tinyml_compress.techniques._prepare import prepare
from tinyml_compress.techniques._scaling import scalable, scaled
from tinyml_compress.techniques._simulated import Simulation, is_rectifier
from tinyml_compress.techniques.channels import ChannelGraph
from tinyml_compress.techniques.equalization import takes_care
from tinyml_compress.techniques.graph import Copier, LayerCall, rebuild
from tinyml_compress.techniques.technique import (
    Applied,
    Context,
    Fidelity,
    Point,
    StageOptions,
    Technique,
    count,
    excluded,
    matching,
    number,
    word,
)

Array = npt.NDArray[Any]

_CAP = 6.0
_PARTS = (99.99, 99.9, 99.5, 99.0)
_SHARES = (0.85, 0.7, 0.5, 0.25, 0.1)
"""Of the largest value, and above of all values: what is tried beside the cap of the least error."""
_TRIES = np.linspace(0.2, 1.0, 81)
_STEPS = 255
_KEPT = 1 << 20
"""So many values of a tensor are looked at, evenly taken from all."""


@dataclass(frozen=True)
class ClipOptions(StageOptions):
    """ReLUs get a cap where cutting off rare large values lowers int8's loss: no training, no labels."""

    by: str = word(
        "loss",
        ("loss", "error", "percentile"),
        "the best of all caps, the least squared error, or `percentile`",
    )
    percentile: float = number(99.9, 50.0, 100.0, "with by = 'percentile': of the values above zero")
    gain: float = number(0.01, 0.0, 1.0, "part of the loss that a cap must save to be kept")
    samples: int = count(256, 8, 100_000, "calibration samples that are looked at")
    exclude: tuple[str, ...] = excluded()


@dataclass(frozen=True)
class Clip:
    """What became of one ReLU's range."""

    layer: str
    most: float
    """The largest value on the samples."""
    cap: float | None
    """None: every cap that was tried loses more than it saves."""


@dataclass(frozen=True, eq=False)
class Clipped:
    """The model with normalizations folded and caps in, and what they save."""

    model: Any
    clips: tuple[Clip, ...]
    before: float
    """How far int8 moves the outputs, in per cent of their variance."""
    after: float


def least_error_cap(values: Array) -> float:
    """The cap with the least mean squared error of values from zero up, when rounded to 8 bits below it."""
    most = float(values.max(initial=0.0))
    if most <= 0:
        return 0.0
    errors = []
    for part in _TRIES:
        step = part * most / _STEPS
        kept = np.minimum(np.round(values / step), _STEPS) * step
        errors.append(float(np.mean((values - kept) ** 2)))
    return float(_TRIES[int(np.argmin(errors))] * most)


def clip_ranges(
    model: Any,
    inputs: Array,
    options: ClipOptions,
    seed: int = 0,
    tell: Callable[[str], None] = lambda text: None,
) -> Clipped:
    """Caps, ReLU by ReLU in the order in which they run, each chosen with those before it in place."""
    fix_seeds(seed)
    folded = prepare(model).model
    graph = scalable(folded)
    sites = _sites(graph, options)
    if not sites:
        raise UnsupportedLayer(
            "no activation of this model can be capped",
            which=model.name,
            found="; ".join(dict.fromkeys(graph.pinned.values())) or "no ReLU",
            allowed="a ReLU between layers with weights",
            next_step="leave the stage out; capped and curved activations have their ranges already",
        )
    simulation = Simulation(folded, np.asarray(inputs)[: options.samples])
    values = _values(simulation, [step.outputs[0] for step in sites])
    ranges = simulation.ranges.copy()
    before = best = simulation.loss(ranges)
    factors: dict[int, float] = {}
    clips, capped = [], []
    for step in sites:
        place = step.outputs[0]
        units = [int(unit) for unit in graph.units[place]]
        most, cap = float(ranges[place, 1]), None
        tell(f"{step.layer.name}: where its range may end")
        for candidate in _candidates(values[place], options):
            if any(unit in factors for unit in units) or not 0 < candidate < most:
                continue
            tried = ranges.copy()
            tried[place, 1] = candidate
            loss = simulation.loss(tried)
            if loss < best * (1 - options.gain):
                best, cap = loss, candidate
        if cap is not None:
            ranges[place, 1] = cap
            factors.update(dict.fromkeys(units, _CAP / cap))
            capped.append(step.layer.name)
        clips.append(Clip(step.layer.name, most, cap))
    return Clipped(_capped(scaled(folded, factors), capped), tuple(clips), before, best)


def _sites(graph: ChannelGraph, options: ClipOptions) -> list[LayerCall]:
    """Calls of ReLUs, by themselves or in a layer, whose channels may all be scaled."""
    calls = [step.layer.name for step in graph.steps]
    rectifiers = [step for step in graph.steps if _is_open(step.layer) and calls.count(step.layer.name) == 1]
    spared = matching(options.exclude, [step.layer.name for step in rectifiers])
    return [
        step
        for step in rectifiers
        if step.layer.name not in spared
        and not any(int(unit) in graph.pinned for unit in graph.units[step.outputs[0]])
    ]


def _is_open(layer: Any) -> bool:
    """Whether it is a ReLU without a cap, or ends in one."""
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    if type(layer).__name__ in (*LINEAR, "Activation"):
        return name == "relu"
    return type(layer).__name__ == "ReLU" and is_rectifier(layer) and layer.max_value is None


def _values(simulation: Simulation, places: Sequence[int]) -> dict[int, Array]:
    """Of each place the values above zero, as many as are looked at."""
    parts: dict[int, list[Array]] = {place: [] for place in places}
    each = max(1, _KEPT // max(1, len(simulation.right) // 64 + 1))

    def look(place: int, value: Any) -> Any:
        if place in parts:
            flat = np.asarray(value).reshape(-1)
            flat = flat[flat > 0]
            parts[place].append(flat[:: max(1, len(flat) // each)])
        return value

    simulation.run(look)
    return {place: np.concatenate(held) for place, held in parts.items()}


def _candidates(values: Array, options: ClipOptions) -> list[float]:
    if not len(values):
        return []
    if options.by == "percentile":
        return [float(np.percentile(values, options.percentile))]
    by_error = [least_error_cap(values)]
    if options.by == "error":
        return by_error
    others = (*np.percentile(values, _PARTS), *(float(values.max()) * part for part in _SHARES))
    return sorted({*by_error, *map(float, others)}, reverse=True)


def _capped(model: Any, names: Sequence[str]) -> Any:
    """The model with a ReLU6 in place of the ReLUs of these layers."""
    copier, layers = Copier(), keras2().layers

    def substitute(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if layer.name not in names:
            return copier(layer, args, kwargs)
        if type(layer).__name__ not in LINEAR:
            return layers.ReLU(_CAP, name=copier.name(layer.name))(*args)
        output = copier.build(
            layer, lambda: copier.fresh(layer, activation="linear"), layer.get_weights(), args, kwargs
        )
        return layers.ReLU(_CAP, name=copier.name(f"{layer.name}_cap"))(output)

    return rebuild(model, substitute)


class RangeClipping(Technique[ClipOptions]):
    """The stage `clip_ranges`."""

    use = "clip_ranges"
    options = ClipOptions
    place = 46

    def apply(self, options: ClipOptions, model: Any, context: Context) -> Applied:
        done = clip_ranges(model, self.calibration(context), options, context.seed, context.tell)
        note = (
            f"int8 moves the outputs by {done.before:.3g}% of their variance, with caps by {done.after:.3g}%"
        )
        rows = [(one.layer, one.most, "as it is" if one.cap is None else one.cap) for one in done.clips]
        head = (("layer", ""), ("largest value", "{:.4g}"), ("range ends at", "{:.4g}"))
        return Applied(done.model, (note,), Listing.of(head, rows))

    def chosen(self, point: Point, fidelity: Fidelity) -> ClipOptions | None:
        return ClipOptions() if takes_care(point, fidelity, "clipped") else None


TECHNIQUE = RangeClipping()
