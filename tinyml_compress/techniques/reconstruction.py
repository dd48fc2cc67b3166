"""Channel pruning by reconstruction: channels go whose loss the outputs feel least, and the layers that read
them are re-solved without them. No training, no labels.

What a channel is worth is not how large its weights are, but what the layers that read it lose without it
when the channels that stay make up for it. That loss is a quadratic with a closed form. How many channels go
from where is decided by what their removal does to the model's outputs, against what it saves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import TrainingError, UnsupportedLayer
from tinyml_compress.results import Listing
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques._layerwise import LayerWalk, LinearMap, divergence
from tinyml_compress.techniques._second_order import Quadratic
from tinyml_compress.techniques._slicing import rebuild_without
from tinyml_compress.techniques.channels import ChannelGraph, Cut, CutRole, analyse
from tinyml_compress.techniques.cost import cost_of
from tinyml_compress.techniques.structured import ROUND_TO, blocks_of, kept_count
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
Floats = npt.NDArray[np.float64]
Tell = Callable[[str], None]

_LEVELS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)
_WORK = 2e11
"""Multiplications that the order of one block's channels may take; beyond it several go at a time."""


@dataclass(frozen=True)
class ReconstructOptions(StageOptions):
    """Channels go whose loss the outputs feel least, their readers are re-solved: no training, no labels."""

    keep: float = number(0.5, 0.01, 0.99, "part of the budget that stays")
    budget: str = word("macs", ("macs", "parameters", "channels"), "what `keep` counts")
    share: str = word(
        "measured",
        ("measured", "alike"),
        "which layers give most: as the outputs bear it, or all the same part",
    )
    round_to: int = count(1, 1, 64, "channel counts become multiples of this")
    at_least: int = count(1, 1, 4096, "channels that every layer keeps")
    samples: int = count(512, 8, 100_000, "calibration samples that are looked at")
    exclude: tuple[str, ...] = excluded()

    def problem(self) -> str | None:
        if self.share == "alike" and self.budget != "channels":
            return "share = 'alike' takes the same part of every layer's channels: budget = 'channels'"
        return None

    @property
    def solves(self) -> bool:
        return True

    def milder(self) -> ReconstructOptions | None:
        return replace(self, keep=round(self.keep + (1 - self.keep) * 0.25, 4)) if self.keep < 0.95 else None


@dataclass(frozen=True)
class KeptChannels:
    """What became of channels that live in the same layers."""

    layers: tuple[str, ...]
    before: int
    after: int
    harm: float
    """How far the outputs move, in per cent of their variance, when these alone go and nothing later makes
    up.
    """


@dataclass(frozen=True, eq=False)
class Reconstructed:
    """The smaller model and what was done."""

    model: Any
    blocks: tuple[KeptChannels, ...]
    macs: tuple[int, int]
    parameters: tuple[int, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Block:
    layers: tuple[str, ...]
    order: tuple[int, ...]
    """Roots, the one that is missed least first."""
    harms: tuple[float, ...]
    """At none and at each of the levels, never falling."""


def removal_of_groups(
    problems: Sequence[tuple[Quadratic, npt.NDArray[np.int64], Floats]], groups: int
) -> list[int]:
    """In which order groups of inputs go, always the one whose loss is least, the other inputs re-solved each
    time.

    A problem comes with the group of each input (-1: it stays in any case) and what each row's error counts.
    """
    weights, inverses = [], []
    for problem, _, _ in problems:
        inverse = np.linalg.inv(problem.hessian)
        inverses.append((inverse + inverse.T) / 2)
        weights.append(problem.cross @ inverses[-1])
    work = sum(groups * float(len(problem.hessian)) ** 2 for problem, _, _ in problems)
    at_once = max(1, round(work * max(1, max(len(p.hessian) for p, _, _ in problems) // groups) / _WORK))
    left, order = list(range(groups)), []
    while left:
        prices = [
            sum(
                _price(weight, inverse, np.flatnonzero(places == group), scale)
                for weight, inverse, (_, places, scale) in zip(weights, inverses, problems, strict=True)
            )
            for group in left
        ]
        for group in [left[place] for place in np.argsort(prices, kind="stable")[:at_once]]:
            for weight, inverse, (_, places, _) in zip(weights, inverses, problems, strict=True):
                _remove(weight, inverse, np.flatnonzero(places == group))
            left.remove(group)
            order.append(group)
    return order


def _price(weight: Floats, inverse: Floats, places: npt.NDArray[np.int64], scale: Floats) -> float:
    if not len(places):
        return 0.0
    part = inverse[np.ix_(places, places)] + 1e-30 * np.eye(len(places))
    values = weight[:, places]
    return float(((values * np.linalg.solve(part, values.T).T).sum(axis=1) * scale).sum())


def _remove(weight: Floats, inverse: Floats, places: npt.NDArray[np.int64]) -> None:
    if not len(places):
        return
    part = inverse[np.ix_(places, places)] + 1e-30 * np.eye(len(places))
    passed = np.linalg.solve(part, inverse[places])
    weight -= weight[:, places] @ passed
    inverse -= inverse[:, places] @ passed
    weight[:, places] = 0.0
    inverse[places], inverse[:, places] = 0.0, 0.0


def reconstruct(
    model: Any, inputs: Array, options: ReconstructOptions, seed: int = 0, tell: Tell = lambda text: None
) -> Reconstructed:
    """A smaller copy of `model`; `inputs` are calibration samples, without labels."""
    fix_seeds(seed)
    walk = LayerWalk(model, np.asarray(inputs)[: options.samples], seed)
    graph = analyse(walk.working)
    _pin_what_is_not_solved(walk, graph, options)
    readers = _readers(walk, graph)
    blocks = [
        _measured(walk, layers, roots, readers, options, tell) for layers, roots in blocks_of(graph).items()
    ]
    if not blocks:
        raise UnsupportedLayer(
            "no channel of this model can be removed and made up for",
            which=model.name,
            found="; ".join(dict.fromkeys(graph.pinned.values())),
            allowed="channels between dense layers and convolutions",
            next_step="leave the stage out, or exclude fewer layers",
        )
    counts = _counts(graph, blocks, options)
    removed = frozenset(
        root for block, gone in zip(blocks, counts, strict=True) for root in block.order[:gone]
    )
    for layer in walk.layers():
        tell(f"{layer.name}: re-solved for what is left")
        walk.put(
            layer, [_solved(one, _gone(readers.get(layer.name), one, removed)) for one in walk.maps(layer)]
        )
    before, after = cost_of(graph, frozenset()), cost_of(graph, removed)
    kept = tuple(
        KeptChannels(block.layers, len(block.order), len(block.order) - gone, _harm(block, gone))
        for block, gone in zip(blocks, counts, strict=True)
    )
    notes = tuple(dict.fromkeys(why for why in graph.pinned.values() if "of the model" not in why))
    return Reconstructed(
        rebuild_without(walk.working, graph, removed),
        kept,
        (before.macs, after.macs),
        (before.parameters, after.parameters),
        notes,
    )


def _pin_what_is_not_solved(walk: LayerWalk, graph: ChannelGraph, options: ReconstructOptions) -> None:
    """Channels that a layer reads which cannot be re-solved stay, and those of layers that are spared."""
    linear = {layer.name for layer in walk.layers()}
    spared = matching(options.exclude, [layer.name for layer in walk.layers()])
    for cut in graph.cuts:
        passes = cut.role in (CutRole.NORM, CutRole.PRELU)
        if not passes and cut.layer.name not in linear:
            graph.pin(cut.inputs, f"{cut.layer.name} reads them and cannot be re-solved")
        if cut.layer.name in spared:
            graph.pin(cut.outputs, f"{cut.layer.name} is excluded by the recipe")


def _readers(walk: LayerWalk, graph: ChannelGraph) -> dict[str, Cut]:
    """Layers that end channels: what a depthwise layer reads it also makes."""
    linear = {layer.name for layer in walk.layers()}
    return {
        cut.layer.name: cut
        for cut in graph.cuts
        if cut.layer.name in linear and cut.role is not CutRole.DEPTHWISE
    }


def _measured(
    walk: LayerWalk,
    layers: tuple[str, ...],
    roots: list[int],
    readers: Mapping[str, Cut],
    options: ReconstructOptions,
    tell: Tell,
) -> _Block:
    """The order of a block's channels, and what their removal alone does to the outputs."""
    tell(f"{', '.join(layers)}: what the outputs miss of its channels")
    known = {root: place for place, root in enumerate(roots)}
    mine = {name: cut for name, cut in readers.items() if set(map(int, cut.inputs)) & set(roots)}
    maps = {name: walk.maps(walk.working.get_layer(name)) for name in mine}
    problems = []
    for name, cut in mine.items():
        for one in maps[name]:
            groups = np.array([known.get(root, -1) for root in _roots_of(cut, one)])
            whole = max(float((one.problem.energy * one.scale).sum()), 1e-30)
            problems.append((one.problem.damped(one.weights), groups, one.scale / whole))
    order = [roots[place] for place in removal_of_groups(problems, len(roots))] if problems else list(roots)
    harms = [0.0]
    if options.share == "measured":
        right = walk.outputs(walk.reference)
        for level in _LEVELS:
            gone = frozenset(order[: round(level * len(order))])
            with ExitStack() as stack:
                for name, cut in mine.items():
                    solved = [_solved(one, _gone(cut, one, gone)) for one in maps[name]]
                    stack.enter_context(walk.tried(walk.working.get_layer(name), solved))
                harms.append(max(harms[-1], divergence(right, walk.outputs(walk.working))))
    return _Block(layers, tuple(order), tuple(harms))


def _roots_of(cut: Cut, one: LinearMap) -> list[int]:
    """Per column of the map the root that it reads; -1 for the bias."""
    channels = np.asarray(cut.inputs)
    columns = [int(channels[place % len(channels)]) for place in range(one.inputs)]
    return columns + [-1] * one.has_bias


def _gone(cut: Cut | None, one: LinearMap, removed: frozenset[int]) -> npt.NDArray[np.bool_]:
    if cut is None:
        return np.zeros(one.weights.shape[1], bool)
    return np.array([root in removed for root in _roots_of(cut, one)])


def _solved(one: LinearMap, gone: npt.NDArray[np.bool_]) -> Floats:
    """The best weights without some of the inputs."""
    problem, stays = one.problem.damped(one.weights), np.flatnonzero(~gone)
    weights = np.zeros_like(problem.cross)
    weights[:, stays] = np.linalg.solve(problem.hessian[np.ix_(stays, stays)], problem.cross[:, stays].T).T
    return weights


def _harm(block: _Block, gone: int) -> float:
    if len(block.harms) == 1:
        return 0.0
    return float(np.interp(gone / len(block.order), (0.0, *_LEVELS), block.harms))


def _counts(graph: ChannelGraph, blocks: Sequence[_Block], options: ReconstructOptions) -> list[int]:
    """How many channels of each block go: step by step, where the budget gains most for the harm."""

    def least(block: _Block, part: float) -> int:
        size = len(block.order)
        return size - kept_count(part * size, size, options.round_to, options.at_least)

    if options.share == "alike":
        return [least(block, options.keep) for block in blocks]
    most = [min(least(block, 0.0), int(_LEVELS[-1] * len(block.order))) for block in blocks]

    def spent(counts: Sequence[int]) -> float:
        if options.budget == "channels":
            return float(sum(len(block.order) - gone for block, gone in zip(blocks, counts, strict=True)))
        removed = [root for block, gone in zip(blocks, counts, strict=True) for root in block.order[:gone]]
        return float(getattr(cost_of(graph, frozenset(removed)), options.budget))

    counts = [0] * len(blocks)
    now = spent(counts)
    wanted = options.keep * now
    while now > wanted:
        best: tuple[float, int, int, float] | None = None
        for place, block in enumerate(blocks):
            step = max(1, len(block.order) // 16)
            aim = least(block, 1 - (counts[place] + step) / len(block.order))
            aim = max(aim, counts[place] + 1) if options.round_to == 1 else aim
            if aim <= counts[place]:
                aim = counts[place] + options.round_to
            if aim > most[place]:
                continue
            tried = spent([*counts[:place], aim, *counts[place + 1 :]])
            price = (_harm(block, aim) - _harm(block, counts[place]) + 1e-12) / max(now - tried, 1e-9)
            if best is None or price < best[0]:
                best = price, place, aim, tried
        if best is None:
            raise TrainingError(
                f"the {options.budget} budget of reconstruct cannot be reached",
                which=", ".join(name for block in blocks for name in block.layers),
                found=f"{now:,.0f} with as few channels as allowed, wanted at most {wanted:,.0f}",
                allowed=f"keep at least {now / max(wanted, 1.0) * options.keep:.3f}",
                next_step="raise keep, lower at_least or round_to, or exclude fewer layers",
            )
        _, place, aim, now = best
        counts[place] = aim
    return counts


class Reconstruction(Technique[ReconstructOptions]):
    """The stage `reconstruct`."""

    use = "reconstruct"
    options = ReconstructOptions
    place = 11

    def apply(self, options: ReconstructOptions, model: Any, context: Context) -> Applied:
        done = reconstruct(model, self.calibration(context), options, context.seed, context.tell)
        rows = [(", ".join(one.layers), one.before, one.after, one.harm) for one in done.blocks]
        (macs, fewer), (parameters, left) = done.macs, done.parameters
        note = f"MACs {macs:,} -> {fewer:,}, parameters {parameters:,} -> {left:,}"
        head = (
            ("layers that share channels", ""),
            ("before", "{:d}"),
            ("after", "{:d}"),
            ("outputs moved by them alone", "{:.3g}%"),
        )
        return Applied(done.model, (note, *done.notes), Listing.of(head, rows))

    def chosen(self, point: Point, fidelity: Fidelity) -> ReconstructOptions | None:
        if point["keep"] == 1.0 or point["narrow"] != "rebuilt" or not fidelity.trains:
            return None
        return ReconstructOptions(
            keep=float(point["keep"]), budget="channels", share="alike", round_to=ROUND_TO
        )


TECHNIQUE = Reconstruction()
