"""Rebuild a model without the channels that were given up: every layer's weights sliced along its
own axes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.techniques.channels import ChannelGraph, Cut, CutRole, Ints
from tinyml_compress.techniques.graph import Copier, rebuild

Array = npt.NDArray[Any]


def rebuild_without(
    model: Any, graph: ChannelGraph, removed: frozenset[int], *, name: str | None = None
) -> Any:
    """The model that `graph` describes, less the units whose roots are in `removed`."""
    copier = Copier()
    cuts = {id(cut.layer): cut for cut in graph.cuts}
    targets = {id(step.layer): step for step in graph.steps if type(step.layer).__name__ == "Reshape"}

    def substitute(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if id(layer) in cuts:
            cut = cuts[id(layer)]
            keep_in, keep_out = _kept(cut.inputs, removed), _kept(cut.outputs, removed)
            changes = _changes(cut, len(keep_out))
            weights = [] if not layer.weights else _slice(cut, keep_in, keep_out)
            return copier.build(layer, lambda: copier.fresh(layer, **changes), weights, args, kwargs)
        if id(layer) in targets:
            step = targets[id(layer)]
            last = len(_kept(graph.units[step.outputs[0]], removed))
            shape = (*step.output_shapes[0][1:-1], last)
            if None not in shape:
                return copier.build(layer, lambda: copier.fresh(layer, target_shape=shape), [], args, kwargs)
        return copier(layer, args, kwargs)

    return rebuild(model, substitute, name=name)


def _kept(units: Ints, removed: frozenset[int]) -> Ints:
    return np.array([place for place, unit in enumerate(units) if int(unit) not in removed], dtype=np.int64)


def _changes(cut: Cut, kept: int) -> dict[str, Any]:
    if cut.role in (CutRole.CONV, CutRole.CONV_TRANSPOSE, CutRole.SEPARABLE):
        return {"filters": kept}
    if cut.role in (CutRole.DENSE, CutRole.LSTM):
        return {"units": kept}
    return {"output_dim": kept} if cut.role is CutRole.EMBEDDING else {}


def _slice(cut: Cut, keep_in: Ints, keep_out: Ints) -> list[Array]:
    """The layer's weights in `get_weights()` order, sliced."""
    weights = cut.layer.get_weights()
    if cut.role in (CutRole.CONV, CutRole.DENSE):
        kernel, rest = weights[0], weights[1:]
        return [kernel[..., keep_in, :][..., keep_out], *(bias[keep_out] for bias in rest)]
    if cut.role is CutRole.CONV_TRANSPOSE:
        kernel, rest = weights[0], weights[1:]
        return [kernel[..., keep_out, :][..., keep_in], *(bias[keep_out] for bias in rest)]
    if cut.role is CutRole.DEPTHWISE:
        kernel, rest = weights[0], weights[1:]
        return [kernel[..., keep_in, :], *(bias[keep_out] for bias in rest)]
    if cut.role is CutRole.SEPARABLE:
        depthwise, pointwise, rest = weights[0], weights[1], weights[2:]
        middle = _repeat(keep_in, cut.layer.depth_multiplier)
        return [
            depthwise[..., keep_in, :],
            pointwise[..., middle, :][..., keep_out],
            *(bias[keep_out] for bias in rest),
        ]
    if cut.role is CutRole.LSTM:
        units = len(cut.outputs)
        gates = np.concatenate([keep_out + gate * units for gate in range(4)])
        kernel, recurrent, rest = weights[0], weights[1], weights[2:]
        return [kernel[keep_in][:, gates], recurrent[keep_out][:, gates], *(bias[gates] for bias in rest)]
    # batch normalization, slopes and embeddings end in the channel axis
    return [weight[..., keep_out] for weight in weights]


def _repeat(places: Ints, times: int) -> Ints:
    """Where each channel's `times` products lie after a depthwise convolution."""
    return (places[:, None] * times + np.arange(times)).reshape(-1)
