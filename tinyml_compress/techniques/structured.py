"""Structured pruning: whole channels, filters and neurons removed, the model rebuilt smaller."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import TrainingError
from tinyml_compress.results import Listing
from tinyml_compress.support.backend import keras2, tensorflow
from tinyml_compress.techniques._dead import dead_roots
from tinyml_compress.techniques._slicing import rebuild_without
from tinyml_compress.techniques.channels import ChannelGraph, CutRole, analyse
from tinyml_compress.techniques.cost import GraphCost, cost_of
from tinyml_compress.techniques.graph import copy_model
from tinyml_compress.techniques.sensitivity import Curve, Means, measured
from tinyml_compress.techniques.technique import (
    Anchor,
    Applied,
    Context,
    Dimension,
    Fidelity,
    Point,
    StageOptions,
    Technique,
    count,
    epochs,
    excluded,
    number,
    rate,
    word,
)
from tinyml_compress.techniques.training import History, Training, targets_of

IMPORTANCES = ("l1", "l2", "batch_norm", "taylor")
BUDGETS = ("channels", "parameters", "macs", "ram")
SCOPES = ("layer", "global")
MEASURED = "measured"
"""Where a channel goes is decided by what the outputs miss, not by the weights' sizes alone."""
ROUND_TO = 4
"""Kernels work on four outputs at a time: the search takes multiples of it."""

Gradients = Callable[[Any], dict[str, npt.NDArray[Any]]]


@dataclass(frozen=True)
class ChannelGroup:
    """Channels that live in the same layers, and how many of them were kept."""

    layers: tuple[str, ...]
    before: int
    after: int


@dataclass(frozen=True)
class Removal:
    """The smaller model and what was done."""

    model: Any
    blocks: tuple[ChannelGroup, ...]
    pinned: tuple[tuple[str, str], ...]  # layer, why its channels had to stay
    before: GraphCost
    after: GraphCost


def remove_dead_channels(model: Any) -> Removal:
    """Remove every channel whose absence changes no output, and nothing else."""
    flat = copy_model(model)
    graph = analyse(flat)
    return _removal(flat, graph, dead_roots(graph))


def remove_channels(
    model: Any,
    *,
    keep: float,
    budget: str = "channels",
    scope: str = "layer",
    importance: str = "l1",
    round_to: int = 1,
    at_least: int = 1,
    exclude: Callable[[str], bool] = lambda name: False,
    gradients: Gradients | None = None,
    curves: Sequence[Curve] = (),
) -> Removal:
    """Keep the part `keep` of the budget: the most important channels of each layer, or of the whole model.

    `round_to` rounds the kept channels of each layer to a multiple (never above what the layer has);
    `gradients` gives d(loss)/d(weight) per layer and is needed for `taylor` only; with `curves`, what the
    outputs miss without a layer's channels, all layers lose as many as harms alike.
    """
    flat = copy_model(model)
    graph = analyse(flat)
    for cut in graph.cuts:
        if exclude(cut.layer.name):
            for unit in cut.outputs:
                graph.pinned.setdefault(int(unit), f"{cut.layer.name} is excluded by the recipe")
    scores = _scores(flat, graph, importance, gradients)
    blocks = blocks_of(graph)
    whole = cost_of(graph, frozenset())
    harms = {curve.layer: curve for curve in curves}

    def removed_at(part: float) -> frozenset[int]:
        if scope == "global":
            return _choose_global(blocks, scores, part, round_to, at_least)
        parts = _borne(blocks, harms, part) if harms else dict.fromkeys(blocks, part)
        return _choose_per_layer(blocks, scores, parts, round_to, at_least)

    if scope == "layer" and budget == "channels":
        return _removal(flat, graph, removed_at(keep))
    wanted = _target(graph, blocks, whole, budget, keep)
    low, high = 0.0, 1.0  # `low` is within the budget, `high` is not known to be
    if _spent(graph, blocks, removed_at(low), budget) > wanted:
        least = _spent(graph, blocks, removed_at(low), budget)
        raise TrainingError(
            f"the {budget} budget of structured pruning cannot be reached",
            which=model.name,
            found=f"{least} with as few channels as allowed, wanted at most {wanted:.0f}",
            allowed=f"keep at least {least / max(1.0, wanted) * keep:.3f}",
            next_step="raise keep, lower at_least or round_to, or exclude fewer layers",
        )
    for _ in range(24):
        middle = (low + high) / 2
        if _spent(graph, blocks, removed_at(middle), budget) <= wanted:
            low = middle
        else:
            high = middle
    return _removal(flat, graph, removed_at(low))


def _removal(flat: Any, graph: ChannelGraph, removed: frozenset[int]) -> Removal:
    smaller = rebuild_without(flat, graph, removed)
    blocks = tuple(
        ChannelGroup(layers, len(roots), sum(1 for root in roots if root not in removed))
        for layers, roots in blocks_of(graph).items()
    )
    reasons: dict[str, str] = {}
    for cut in graph.cuts:
        for unit in cut.outputs:
            if int(unit) in graph.pinned and cut.role not in (CutRole.NORM, CutRole.PRELU):
                reasons.setdefault(cut.layer.name, graph.pinned[int(unit)])
    return Removal(
        smaller, blocks, tuple(reasons.items()), cost_of(graph, frozenset()), cost_of(graph, removed)
    )


_BIRTHPLACES = (
    CutRole.CONV,
    CutRole.CONV_TRANSPOSE,
    CutRole.DENSE,
    CutRole.SEPARABLE,
    CutRole.LSTM,
    CutRole.EMBEDDING,
)


def blocks_of(graph: ChannelGraph) -> dict[tuple[str, ...], list[int]]:
    """Free roots, grouped by the layers that make them: each layer's count is the sum of its
    blocks' counts.
    """
    makers: dict[int, list[str]] = {}
    for cut in graph.cuts:
        if cut.role in _BIRTHPLACES:
            for root in dict.fromkeys(int(unit) for unit in cut.outputs):
                if cut.layer.name not in makers.setdefault(root, []):
                    makers[root].append(cut.layer.name)
    blocks: dict[tuple[str, ...], list[int]] = {}
    for root, names in makers.items():
        if root not in graph.pinned:
            blocks.setdefault(tuple(names), []).append(root)
    return blocks


def kept_count(count: float, whole: int, round_to: int, at_least: int) -> int:
    """How many of `whole` channels stay, about `count` of them being wanted."""
    rounded = math.floor(count / round_to + 0.5) * round_to
    return min(whole, max(rounded, min(round_to, whole), min(at_least, whole), 1))


def _choose_per_layer(
    blocks: dict[tuple[str, ...], list[int]],
    scores: dict[int, float],
    parts: Mapping[tuple[str, ...], float],
    round_to: int,
    at_least: int,
) -> frozenset[int]:
    removed: list[int] = []
    for names, roots in blocks.items():
        kept = kept_count(parts[names] * len(roots), len(roots), round_to, at_least)
        removed += sorted(roots, key=lambda root: scores[root])[: len(roots) - kept]
    return frozenset(removed)


def _borne(
    blocks: Mapping[tuple[str, ...], list[int]], harms: Mapping[str, Curve], part: float
) -> dict[tuple[str, ...], float]:
    """The part of each block's channels that stays when no block may move the outputs further than another;
    what shares its channels goes as far as the dearest of its layers lets it, what was not measured stays.
    """
    most = max((curve.moved[-1] for curve in harms.values()), default=0.0)
    return {
        names: max((1 - harms[name].reach((1 - part) * most) for name in names if name in harms), default=1.0)
        for names in blocks
    }


def _choose_global(
    blocks: dict[tuple[str, ...], list[int]],
    scores: dict[int, float],
    part: float,
    round_to: int,
    at_least: int,
) -> frozenset[int]:
    ranked = sorted((root for roots in blocks.values() for root in roots), key=lambda root: scores[root])
    weak = set(ranked[: round((1 - part) * len(ranked))])
    removed: list[int] = []
    for roots in blocks.values():
        strong = sum(1 for root in roots if root not in weak)
        kept = kept_count(strong, len(roots), round_to, at_least)
        removed += sorted(roots, key=lambda root: scores[root])[: len(roots) - kept]
    return frozenset(removed)


def _spent(
    graph: ChannelGraph, blocks: dict[tuple[str, ...], list[int]], removed: frozenset[int], budget: str
) -> int:
    if budget == "channels":
        return sum(1 for roots in blocks.values() for root in roots if root not in removed)
    return int(getattr(cost_of(graph, removed), budget))


def _target(
    graph: ChannelGraph, blocks: dict[tuple[str, ...], list[int]], whole: GraphCost, budget: str, keep: float
) -> float:
    return keep * (
        _spent(graph, blocks, frozenset(), budget) if budget == "channels" else getattr(whole, budget)
    )


def _scores(flat: Any, graph: ChannelGraph, importance: str, gradients: Gradients | None) -> dict[int, float]:
    """One number per root, comparable between layers: each layer's scores are scaled to a mean of one."""
    slopes: dict[str, npt.NDArray[Any]] = {}
    if importance == "taylor":
        if gradients is None:
            raise TrainingError(
                "Taylor importance needs data",
                which=flat.name,
                next_step="give --data, or use importance = 'l1'",
            )
        slopes = gradients(flat)
    gammas = _gammas(graph)
    sums: dict[int, list[float]] = {}
    for cut in graph.cuts:
        if cut.role not in _BIRTHPLACES and cut.role is not CutRole.DEPTHWISE:
            continue
        each = _layer_scores(cut, importance, slopes.get(cut.layer.name), gammas)
        if each is None:
            continue
        each = each / max(float(each.mean()), 1e-12)
        for unit, score in zip(cut.outputs, each, strict=True):
            sums.setdefault(int(unit), []).append(float(score))
    every = {int(unit) for cut in graph.cuts for unit in cut.outputs}
    return {root: float(np.mean(sums[root])) if root in sums else 1.0 for root in every}


def _gammas(graph: ChannelGraph) -> dict[int, npt.NDArray[Any]]:
    """tensor -> scale that the batch normalization reading it applies."""
    scales = {}
    for step in graph.steps:
        if type(step.layer).__name__ == "BatchNormalization":
            layer = step.layer
            gamma = layer.gamma.numpy() if layer.scale else np.ones(layer.moving_variance.shape)
            scales[step.inputs[0]] = np.abs(gamma) / np.sqrt(layer.moving_variance.numpy() + layer.epsilon)
    return {id(step.layer): scales[step.outputs[0]] for step in graph.steps if step.outputs[0] in scales}


def _layer_scores(
    cut: Any, importance: str, slope: npt.NDArray[Any] | None, gammas: dict[int, npt.NDArray[Any]]
) -> npt.NDArray[Any] | None:
    layer, count = cut.layer, len(cut.outputs)
    if importance == "taylor":
        return slope if slope is not None and len(slope) == count else None
    gamma = gammas.get(id(layer))
    if importance == "batch_norm" and gamma is not None and len(gamma) == count:
        return gamma
    weights = layer.get_weights()
    if cut.role is CutRole.DEPTHWISE:
        matrix = weights[0].reshape(-1, count)
    elif cut.role is CutRole.SEPARABLE:
        matrix = weights[1].reshape(-1, count)
    elif cut.role is CutRole.CONV_TRANSPOSE:
        matrix = np.moveaxis(weights[0], -2, -1).reshape(-1, count)
    elif cut.role is CutRole.LSTM:
        matrix = np.concatenate(weights[:2]).reshape(-1, 4, count).reshape(-1, count)
    else:
        matrix = weights[0].reshape(-1, count)
    norm: npt.NDArray[Any] = (
        np.sqrt((matrix**2).sum(axis=0)) if importance == "l2" else np.abs(matrix).sum(axis=0)
    )
    # a normalization that follows scales the filter: its size before that says nothing
    return np.asarray(norm * gamma) if gamma is not None and len(gamma) == count else norm


def _taylor_slopes(
    model: Any, loss_of: Callable[[Any, Any], Any], batches: list[tuple[Any, Any]]
) -> dict[str, Any]:
    """|sum over a channel's weights of weight x gradient|, summed over batches, per layer: first-order
    Taylor.
    """
    tf = tensorflow()
    totals: dict[str, Any] = {}
    kernels: dict[str, Any] = {}
    for layer in model.layers:
        matrices = [weight for weight in layer.trainable_weights if len(weight.shape) > 1]
        if matrices:
            kernels[layer.name] = matrices[0]
    for inputs, labels in batches:
        with tf.GradientTape() as tape:
            loss = loss_of(labels, model(inputs, training=False))
        slopes = tape.gradient(loss, list(kernels.values()))
        for (name, kernel), slope in zip(kernels.items(), slopes, strict=True):
            if slope is None:
                continue
            product = (kernel * tf.convert_to_tensor(slope)).numpy()
            axes = tuple(range(product.ndim - 1))
            totals[name] = totals.get(name, 0.0) + np.abs(product.sum(axis=axes))
    return totals


@dataclass(frozen=True)
class ChannelsOptions(StageOptions):
    """Whole channels are removed and the model is rebuilt smaller."""

    keep: float = number(0.5, 0.01, 1.0, "part of the budget that stays; 1.0 removes dead channels only")
    budget: str = word("channels", BUDGETS, "what `keep` counts")
    scope: str = word(
        "layer",
        (*SCOPES, MEASURED),
        "the same part everywhere, the weakest of the whole model, or where the outputs miss them least",
    )
    importance: str = word("l1", IMPORTANCES, "which channels are weak; taylor needs data")
    round_to: int = count(1, 1, 64, "channel counts become multiples of this")
    at_least: int = count(1, 1, 4096, "channels that every layer keeps")
    rounds: int = count(1, 1, 50, "remove in so many steps, with fine-tuning between")
    epochs: int = epochs(15)
    learning_rate: float = rate(1e-3)
    exclude: tuple[str, ...] = excluded()

    def milder(self) -> ChannelsOptions | None:
        return replace(self, keep=round(self.keep + (1 - self.keep) * 0.25, 4)) if self.keep < 0.95 else None

    @property
    def trains(self) -> bool:
        return self.epochs > 0 or self.importance == "taylor"


def _is_narrower(point: Point) -> bool:
    return point["keep"] != 1.0


class ChannelPruning(Technique[ChannelsOptions]):
    """The stage `channels`."""

    use = "channels"
    options = ChannelsOptions
    place = 10
    teachable = True
    dimensions = (
        Dimension(
            "keep",
            tuple(1 - step / 16 for step in range(14)),
            1.0,
            "part of the channels that stays",
            trains=True,
        ),
        Dimension(
            "narrow",
            ("channels", "rebuilt", "distil"),
            "channels",
            "channels are removed, or removed and their readers re-solved, or a new student is taught",
            matters=_is_narrower,
        ),
        Dimension(
            "scope",
            SCOPES,
            "layer",
            "the same part in every layer, or the weakest of all",
            matters=lambda point: _is_narrower(point) and point["narrow"] == "channels",
        ),
    )
    anchors = (
        Anchor(10, (("keep", 0.5), ("level", "size"), ("qat", True))),
        Anchor(20, (("keep", 0.75), ("level", "size"), ("qat", True))),
        Anchor(30, (("keep", 0.625), ("level", "size"), ("qat", True))),
        Anchor(40, (("keep", 0.5625), ("level", "size"), ("qat", True))),
        Anchor(50, (("keep", 0.375), ("level", "size"))),
        Anchor(70, (("keep", 0.625), ("scope", "global"), ("level", "size"))),
        Anchor(80, (("keep", 0.5625), ("teach", 0.5), ("level", "size"), ("qat", True))),
        Anchor(110, (("keep", 0.625), ("sparsity", 0.7), ("level", "size"))),
    )

    def apply(self, options: ChannelsOptions, model: Any, context: Context) -> Applied:
        if options.keep == 1.0:
            dead = remove_dead_channels(model)
            return Applied(dead.model, _pinned(dead), _blocks_table(dead))
        history, current, removals = History(), model, []
        for turn in range(1, options.rounds + 1):
            training = context.taught(current)
            removals.append(
                remove_channels(
                    current,
                    keep=options.keep ** (1 / options.rounds),  # the same part of what the round before left
                    budget=options.budget,
                    scope=options.scope,
                    importance=options.importance,
                    round_to=options.round_to,
                    at_least=options.at_least,
                    exclude=lambda name: any(fnmatch(name, pattern) for pattern in options.exclude),
                    gradients=_slopes(training)
                    if options.importance == "taylor" and training is not None
                    else None,
                    curves=self._curves(options, current, context),
                )
            )
            current = removals[-1].model
            if training is not None and options.epochs > 0:
                before, after = (round(options.epochs * part / options.rounds) for part in (turn - 1, turn))
                student = context.taught(current) or training
                history += student.fit(current, max(1, after - before), options.learning_rate)
        first, last = removals[0], removals[-1]
        return Applied(
            current, _pinned(first), _blocks_table(replace(last, blocks=_joined(first, last))), history
        )

    def _curves(self, options: ChannelsOptions, model: Any, context: Context) -> Sequence[Curve]:
        if options.scope != MEASURED:
            return ()
        return measured(
            model, self.calibration(context), (Means.CHANNELS,), seed=context.seed, tell=context.tell
        ).curves

    def chosen(self, point: Point, fidelity: Fidelity) -> ChannelsOptions | None:
        # without training, the other ways have the shape of the narrowed model
        if not _is_narrower(point) or (point["narrow"] != "channels" and fidelity.trains):
            return None
        options = ChannelsOptions(
            keep=float(point["keep"]), scope=str(point["scope"]), round_to=ROUND_TO, epochs=fidelity.main
        )
        return (
            replace(options, learning_rate=2e-3) if fidelity.trains else options
        )  # what is left learns anew


def _slopes(training: Training) -> Gradients:
    def gradients(model: Any) -> dict[str, Any]:
        targets = targets_of(training.task, training.train, model)
        loss = keras2().losses.get(training.task.loss)
        batches = [
            (training.train.inputs[start : start + 64], targets[start : start + 64])
            for start in range(0, min(len(targets), 512), 64)
        ]
        return _taylor_slopes(model, loss, batches)

    return gradients


def _joined(first: Removal, last: Removal) -> tuple[ChannelGroup, ...]:
    left = {block.layers: block.after for block in last.blocks}
    return tuple(replace(block, after=left.get(block.layers, block.after)) for block in first.blocks)


def _blocks_table(removal: Removal) -> Listing:
    head = (("layers that share channels", ""), ("before", "{:d}"), ("after", "{:d}"))
    rows = [(", ".join(block.layers), block.before, block.after) for block in removal.blocks]
    return Listing.of(head, rows)


def _pinned(removal: Removal) -> tuple[str, ...]:
    return tuple(f"{layer}: channels stay, {why}" for layer, why in removal.pinned)


TECHNIQUE = ChannelPruning()
