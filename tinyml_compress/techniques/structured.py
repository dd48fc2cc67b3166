"""Structured pruning: whole channels, filters and neurons removed, the model rebuilt smaller."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import TrainingError
from tinyml_compress.support.backend import tensorflow
from tinyml_compress.techniques._dead import dead_roots
from tinyml_compress.techniques._slicing import rebuild_without
from tinyml_compress.techniques.channels import Channels, Role, analyse
from tinyml_compress.techniques.cost import Cost, cost_of
from tinyml_compress.techniques.graph import copy_model

__all__ = [
    "BUDGETS",
    "IMPORTANCES",
    "SCOPES",
    "Block",
    "Removal",
    "remove_channels",
    "remove_dead_channels",
    "taylor_slopes",
]

IMPORTANCES = ("l1", "l2", "batch_norm", "taylor")
BUDGETS = ("channels", "parameters", "macs", "ram")
SCOPES = ("layer", "global")

Gradients = Callable[[Any], dict[str, npt.NDArray[Any]]]


@dataclass(frozen=True)
class Block:
    """Channels that live in the same layers, and how many of them were kept."""

    layers: tuple[str, ...]
    before: int
    after: int


@dataclass(frozen=True)
class Removal:
    """The smaller model and what was done."""

    model: Any
    blocks: tuple[Block, ...]
    pinned: tuple[tuple[str, str], ...]  # layer, why its channels had to stay
    before: Cost
    after: Cost


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
) -> Removal:
    """Keep the part `keep` of the budget: the most important channels of each layer, or of the whole model.

    `round_to` rounds the kept channels of each layer to a multiple (never above what the layer has); `gradients`
    gives d(loss)/d(weight) per layer and is needed for `taylor` only.
    """
    flat = copy_model(model)
    graph = analyse(flat)
    for cut in graph.cuts:
        if exclude(cut.layer.name):
            for unit in cut.outputs:
                graph.pinned.setdefault(int(unit), f"{cut.layer.name} is excluded by the recipe")
    scores = _scores(flat, graph, importance, gradients)
    blocks = _blocks(graph)
    whole = cost_of(graph, frozenset())
    choose = _choose_global if scope == "global" else _choose_per_layer

    def removed_at(part: float) -> frozenset[int]:
        return choose(blocks, scores, part, round_to, at_least)

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


def _removal(flat: Any, graph: Channels, removed: frozenset[int]) -> Removal:
    smaller = rebuild_without(flat, graph, removed)
    blocks = tuple(
        Block(layers, len(roots), sum(1 for root in roots if root not in removed))
        for layers, roots in _blocks(graph).items()
    )
    reasons: dict[str, str] = {}
    for cut in graph.cuts:
        for unit in cut.outputs:
            if int(unit) in graph.pinned and cut.role not in (Role.NORM, Role.PRELU):
                reasons.setdefault(cut.layer.name, graph.pinned[int(unit)])
    return Removal(smaller, blocks, tuple(reasons.items()), cost_of(graph, frozenset()), cost_of(graph, removed))


_BIRTHPLACES = (Role.CONV, Role.CONV_TRANSPOSE, Role.DENSE, Role.SEPARABLE, Role.LSTM, Role.EMBEDDING)


def _blocks(graph: Channels) -> dict[tuple[str, ...], list[int]]:
    """Free roots, grouped by the layers that make them: each layer's count is the sum of its blocks' counts."""
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


def _round(count: float, whole: int, round_to: int, at_least: int) -> int:
    rounded = math.floor(count / round_to + 0.5) * round_to
    return min(whole, max(rounded, min(round_to, whole), min(at_least, whole), 1))


def _choose_per_layer(
    blocks: dict[tuple[str, ...], list[int]], scores: dict[int, float], part: float, round_to: int, at_least: int
) -> frozenset[int]:
    removed: list[int] = []
    for roots in blocks.values():
        kept = _round(part * len(roots), len(roots), round_to, at_least)
        removed += sorted(roots, key=lambda root: scores[root])[: len(roots) - kept]
    return frozenset(removed)


def _choose_global(
    blocks: dict[tuple[str, ...], list[int]], scores: dict[int, float], part: float, round_to: int, at_least: int
) -> frozenset[int]:
    ranked = sorted((root for roots in blocks.values() for root in roots), key=lambda root: scores[root])
    weak = set(ranked[: round((1 - part) * len(ranked))])
    removed: list[int] = []
    for roots in blocks.values():
        strong = sum(1 for root in roots if root not in weak)
        kept = _round(strong, len(roots), round_to, at_least)
        removed += sorted(roots, key=lambda root: scores[root])[: len(roots) - kept]
    return frozenset(removed)


def _spent(graph: Channels, blocks: dict[tuple[str, ...], list[int]], removed: frozenset[int], budget: str) -> int:
    if budget == "channels":
        return sum(1 for roots in blocks.values() for root in roots if root not in removed)
    return int(getattr(cost_of(graph, removed), budget))


def _target(graph: Channels, blocks: dict[tuple[str, ...], list[int]], whole: Cost, budget: str, keep: float) -> float:
    return keep * (_spent(graph, blocks, frozenset(), budget) if budget == "channels" else getattr(whole, budget))


def _scores(flat: Any, graph: Channels, importance: str, gradients: Gradients | None) -> dict[int, float]:
    """One number per root, comparable between layers: each layer's scores are scaled to a mean of one."""
    slopes: dict[str, npt.NDArray[Any]] = {}
    if importance == "taylor":
        if gradients is None:
            raise TrainingError(
                "Taylor importance needs data", which=flat.name, next_step="give --data, or use importance = 'l1'"
            )
        slopes = gradients(flat)
    gammas = _gammas(graph)
    sums: dict[int, list[float]] = {}
    for cut in graph.cuts:
        if cut.role not in _BIRTHPLACES and cut.role is not Role.DEPTHWISE:
            continue
        each = _layer_scores(cut, importance, slopes.get(cut.layer.name), gammas)
        if each is None:
            continue
        each = each / max(float(each.mean()), 1e-12)
        for unit, score in zip(cut.outputs, each, strict=True):
            sums.setdefault(int(unit), []).append(float(score))
    every = {int(unit) for cut in graph.cuts for unit in cut.outputs}
    return {root: float(np.mean(sums[root])) if root in sums else 1.0 for root in every}


def _gammas(graph: Channels) -> dict[int, npt.NDArray[Any]]:
    """tensor -> scale that the batch normalization reading it applies."""
    found = {}
    for step in graph.steps:
        if type(step.layer).__name__ == "BatchNormalization":
            layer = step.layer
            gamma = layer.gamma.numpy() if layer.scale else np.ones(layer.moving_variance.shape)
            found[step.inputs[0]] = np.abs(gamma) / np.sqrt(layer.moving_variance.numpy() + layer.epsilon)
    return {id(step.layer): found[step.outputs[0]] for step in graph.steps if step.outputs[0] in found}


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
    if cut.role is Role.DEPTHWISE:
        matrix = weights[0].reshape(-1, count)
    elif cut.role is Role.SEPARABLE:
        matrix = weights[1].reshape(-1, count)
    elif cut.role is Role.CONV_TRANSPOSE:
        matrix = np.moveaxis(weights[0], -2, -1).reshape(-1, count)
    elif cut.role is Role.LSTM:
        matrix = np.concatenate(weights[:2]).reshape(-1, 4, count).reshape(-1, count)
    else:
        matrix = weights[0].reshape(-1, count)
    norm: npt.NDArray[Any] = np.sqrt((matrix**2).sum(axis=0)) if importance == "l2" else np.abs(matrix).sum(axis=0)
    # a normalization that follows scales the filter: its size before that says nothing
    return np.asarray(norm * gamma) if gamma is not None and len(gamma) == count else norm


def taylor_slopes(model: Any, loss_of: Callable[[Any, Any], Any], batches: list[tuple[Any, Any]]) -> dict[str, Any]:
    """|sum over a channel's weights of weight x gradient|, summed over batches, per layer: first-order Taylor."""
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
