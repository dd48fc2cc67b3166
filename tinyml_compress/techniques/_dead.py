"""Find channels that can go without changing a single output.

A channel is dead when everything that reads it reads exactly zero, or multiplies it by exactly zero. The
search runs to a fixed point: a filter that only reads dead channels is itself constant, and a channel that
only feeds dead filters has no reader.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.support.backend import tensorflow
from tinyml_compress.techniques.channels import ADDITIONS, ChannelGraph, Cut, CutRole, is_softmax, symbol_of
from tinyml_compress.techniques.graph import LayerCall

Floats = npt.NDArray[np.floating[Any]]


def dead_roots(graph: ChannelGraph) -> frozenset[int]:
    """Units whose removal leaves every output of the model as it is."""
    cuts = {id(cut.layer): cut for cut in graph.cuts}
    removed: frozenset[int] = frozenset()
    while True:
        alive = _alive(graph, cuts, removed)
        every = {int(unit) for units in graph.units.values() for unit in units}
        dead = frozenset(every - alive - set(graph.pinned))
        if dead == removed:
            return _leave_one(graph, removed)
        removed = dead


def _alive(graph: ChannelGraph, cuts: dict[int, Cut], removed: frozenset[int]) -> set[int]:
    """Roots that some reader still needs, given that `removed` are gone."""
    # value of each channel where it is the same for every input of the model, NaN where it is not
    computed = {number for step in graph.steps for number in step.outputs}
    values: dict[int, Floats] = {
        number: np.full(len(units), np.nan) for number, units in graph.units.items() if number not in computed
    }
    alive: set[int] = set()
    for step in graph.steps:
        cut = cuts.get(id(step.layer))
        given = [values[number] for number in step.inputs]
        if cut is not None:
            values[step.outputs[0]] = _through_cut(cut, given[0] if given else np.zeros(0), removed)
            if cut.role in (
                CutRole.CONV,
                CutRole.CONV_TRANSPOSE,
                CutRole.DENSE,
                CutRole.SEPARABLE,
                CutRole.LSTM,
            ):
                weighs = _reads(cut, removed)
                alive |= {
                    int(unit)
                    for unit, value, weight in zip(cut.inputs, given[0], weighs, strict=True)
                    if weight and value != 0
                }
            if cut.role is CutRole.LSTM:
                alive |= _remembered(cut, values[step.outputs[0]], removed)
        else:
            for number in step.outputs:
                values[number] = _through_layer(step, given, len(graph.units[number]))
    return alive


def _reads(cut: Cut, removed: frozenset[int]) -> npt.NDArray[np.bool_]:
    """For each input channel whether any weight on the way to a kept output is not zero."""
    kept = np.array([int(unit) not in removed for unit in cut.outputs])
    weights = cut.layer.get_weights()
    if cut.role is CutRole.CONV_TRANSPOSE:
        matrix = np.abs(np.moveaxis(weights[0], -1, -2))
    elif cut.role is CutRole.SEPARABLE:
        times = cut.layer.depth_multiplier
        middle = np.abs(weights[1]).reshape(-1, weights[1].shape[-1])[:, kept].sum(axis=1)
        depth = np.abs(weights[0]).reshape(-1, *weights[0].shape[-2:]).sum(axis=0)
        read: npt.NDArray[np.bool_] = (depth * middle.reshape(-1, times)).sum(axis=1) > 0
        return read
    elif cut.role is CutRole.LSTM:
        matrix = np.abs(weights[0][:, np.tile(kept, 4)])
        kept = np.ones(matrix.shape[-1], bool)
    else:
        matrix = np.abs(weights[0])
    result: npt.NDArray[np.bool_] = (
        matrix.reshape(-1, *matrix.shape[-2:]).max(axis=0)[:, kept].max(axis=1, initial=0) > 0
    )
    return result


def _remembered(cut: Cut, values: Floats, removed: frozenset[int]) -> set[int]:
    """Units of an LSTM that its own other units read in the next step."""
    count = len(cut.outputs)
    kept = np.array([int(unit) not in removed for unit in cut.outputs])
    recurrent = np.abs(cut.layer.get_weights()[1]).reshape(count, 4, count).sum(axis=1)
    np.fill_diagonal(recurrent, 0)
    read = (recurrent[:, kept].sum(axis=1) > 0) & (values != 0)
    return {int(unit) for unit, is_read in zip(cut.outputs, read, strict=True) if is_read}


def _through_cut(cut: Cut, given: Floats, removed: frozenset[int]) -> Floats:
    """The constant value of each output channel, NaN where it varies."""
    weights, layer = cut.layer.get_weights(), cut.layer
    count = len(cut.outputs)
    if cut.role is CutRole.EMBEDDING:
        table = weights[0]
        return np.where((table == table[:1]).all(axis=0), table[0], np.nan)
    if cut.role is CutRole.PRELU:
        return np.where(given == 0, 0.0, np.nan)
    if cut.role is CutRole.NORM:
        return _normalized(layer, given)
    feeding = np.array([value != 0 for value in given]) & ~np.isin(cut.inputs, list(removed))
    bias = weights[-1] if getattr(layer, "use_bias", False) else np.zeros(count)
    if cut.role is CutRole.LSTM:
        units = count
        parts = [
            weights[0][feeding],
            weights[1],
            weights[2][None] if layer.use_bias else np.zeros((1, 4 * units)),
        ]
        live = sum(np.abs(part).sum(axis=0) for part in parts).reshape(4, units).sum(axis=0)
        return np.where(live == 0, 0.0, np.nan)
    if cut.role is CutRole.DEPTHWISE:
        kernel = np.abs(weights[0]).reshape(-1, *weights[0].shape[-2:]).sum(axis=0)
        varies = (kernel.reshape(-1) > 0) & np.repeat(feeding, layer.depth_multiplier)
    else:
        if cut.role is CutRole.SEPARABLE:
            depth = np.abs(weights[0]).reshape(-1, *weights[0].shape[-2:]).sum(axis=0)  # inputs x multiplier
            middle = (depth * feeding[:, None]).reshape(-1) > 0
            matrix = np.abs(weights[1]).reshape(-1, count)[middle]
        else:
            kernel = np.moveaxis(weights[0], -1, -2) if cut.role is CutRole.CONV_TRANSPOSE else weights[0]
            matrix = np.abs(kernel).reshape(-1, *kernel.shape[-2:]).sum(axis=0)[feeding]
        varies = matrix.sum(axis=0) > 0
    return np.where(varies, np.nan, _activated(layer, bias))


def _normalized(layer: Any, given: Floats) -> Floats:
    weights = iter(layer.get_weights())
    gamma = next(weights) if layer.scale else 1.0
    beta = next(weights) if layer.center else 0.0
    mean, variance = next(weights), next(weights)
    factor = gamma / np.sqrt(variance + layer.epsilon)
    constant = np.where(np.asarray(factor) == 0, 0.0, given)  # a zero gamma silences whatever comes
    return np.asarray(beta + (constant - mean) * factor)


def _activated(layer: Any, bias: Floats) -> Floats:
    activation = getattr(layer, "activation", None)
    if activation is None:
        return bias
    if is_softmax(layer):
        return np.full(len(bias), np.nan)
    return np.asarray(activation(tensorflow().constant(bias, "float32")))


def _through_layer(step: LayerCall, given: list[Floats], count: int) -> Floats:
    """Constant channels through layers without channel weights."""
    kind, unknown = type(step.layer).__name__, np.full(count, np.nan)
    if kind in ("TFOpLambda", "SlicingOpLambda"):
        # only a sum of several tensors is known to keep zeros
        if symbol_of(step.layer) not in ADDITIONS or any(len(value) not in (1, count) for value in given):
            return unknown
        kind = "Add"
    if kind in ("Add", "Subtract", "Average") and len(given) > 1:
        zeros = np.all([np.broadcast_to(value, (count,)) == 0 for value in given], axis=0)
        return np.where(zeros, 0.0, np.nan)
    if kind == "Multiply":
        zeros = np.any([np.broadcast_to(value, (count,)) == 0 for value in given], axis=0)
        return np.where(zeros, 0.0, np.nan)
    if (
        kind == "Concatenate"
        and step.layer.axis % len(step.output_shapes[0]) == len(step.output_shapes[0]) - 1
    ):
        return np.concatenate(given)
    if kind in ("Flatten", "Reshape") and len(given[0]) and count % len(given[0]) == 0:
        return np.tile(given[0], count // len(given[0]))
    if kind == "Activation" and len(given[0]) == count and not is_softmax(step.layer):
        return np.where(np.isnan(given[0]), np.nan, _activated(step.layer, np.nan_to_num(given[0])))
    if len(given) == 1 and len(given[0]) == count:
        # zero stays zero through pooling, padding with zeros, dropout and the rectifiers; other constants may
        # not
        return np.where((given[0] == 0) & np.full(count, kind in _KEEPS_ZERO), 0.0, np.nan)
    return unknown


_KEEPS_ZERO = {
    "ReLU", "LeakyReLU", "ELU", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "MaxPooling1D",
    "MaxPooling2D", "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "ZeroPadding1D", "ZeroPadding2D",
    "ZeroPadding3D", "Cropping1D", "Cropping2D", "UpSampling1D", "UpSampling2D", "RepeatVector", "Permute",
}  # fmt: skip


def _leave_one(graph: ChannelGraph, removed: frozenset[int]) -> frozenset[int]:
    """No layer may end without channels: keep one where all are dead."""
    kept = set(removed)
    for cut in graph.cuts:
        outputs = [int(unit) for unit in cut.outputs]
        if outputs and all(unit in kept for unit in outputs):
            kept.discard(outputs[0])
    return frozenset(kept)
