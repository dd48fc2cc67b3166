"""What a model costs for a given choice of kept channels, without building it: parameters, MACs, RAM."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.techniques.channels import ChannelGraph, Cut, CutRole


@dataclass(frozen=True)
class GraphCost:
    """Counts for one inference; RAM is the peak of live activations, one byte each, without a planner's
    tricks.
    """

    channels: int
    parameters: int
    macs: int
    ram: int


def cost_of(graph: ChannelGraph, removed: frozenset[int]) -> GraphCost:
    """The model's cost when the units in `removed` are gone."""
    sizes = {number: _kept(units, removed) for number, units in graph.units.items()}
    channels = parameters = macs = 0
    counted: set[int] = set()
    for cut, outputs, weights, work in _counted(graph, removed):
        macs += work
        if id(cut.layer) not in counted:  # a shared layer's weights are stored once
            counted.add(id(cut.layer))
            parameters += weights
            if cut.role in (
                CutRole.CONV,
                CutRole.CONV_TRANSPOSE,
                CutRole.DENSE,
                CutRole.SEPARABLE,
                CutRole.LSTM,
            ):
                channels += outputs
    for step in graph.steps:
        if step.layer.weights and id(step.layer) not in counted:
            counted.add(id(step.layer))
            parameters += int(step.layer.count_params())
    return GraphCost(channels, parameters, macs, _peak(graph, sizes))


def work_of(graph: ChannelGraph) -> dict[int, int]:
    """MACs by layer (its id), all its calls together; layers whose work is not understood are not in it."""
    macs: dict[int, int] = {}
    for cut, _, _, work in _counted(graph, frozenset()):
        macs[id(cut.layer)] = macs.get(id(cut.layer), 0) + work
    return macs


def _counted(graph: ChannelGraph, removed: frozenset[int]) -> Iterator[tuple[Cut, int, int, int]]:
    """Each cut with its output channels, stored parameters and MACs."""
    for cut in graph.cuts:
        inputs, outputs = _kept(cut.inputs, removed), _kept(cut.outputs, removed)
        weights, work = _weights(cut, inputs, outputs)
        yield cut, outputs, weights, work * cut.positions


def _kept(units: npt.NDArray[np.int64], removed: frozenset[int]) -> int:
    return sum(1 for unit in units if int(unit) not in removed)


def _window(weight: Any) -> int:
    return math.prod(int(size) for size in weight.shape[:-2])


def _weights(cut: Cut, inputs: int, outputs: int) -> tuple[int, int]:
    """Stored parameters, and multiplications per position."""
    layer = cut.layer
    bias = outputs if getattr(layer, "use_bias", False) else 0
    if cut.role is CutRole.NORM:
        return outputs * len(layer.weights), 0
    if cut.role is CutRole.PRELU:
        return math.prod(layer.alpha.shape[:-1]) * outputs, 0
    if cut.role is CutRole.EMBEDDING:
        return layer.input_dim * outputs, 0
    if cut.role is CutRole.LSTM:
        work = 4 * outputs * (inputs + outputs)
        return work + 4 * bias, work
    if cut.role is CutRole.DEPTHWISE:
        work = _window(layer.weights[0]) * outputs
        return work + bias, work
    if cut.role is CutRole.SEPARABLE:
        middle = inputs * layer.depth_multiplier
        work = _window(layer.weights[0]) * middle + middle * outputs
        return work + bias, work
    work = _window(layer.weights[0]) * inputs * outputs
    return work + bias, work


def _peak(graph: ChannelGraph, channels: dict[int, int]) -> int:
    shapes: dict[int, tuple[int | None, ...]] = {}
    last_use: dict[int, int] = dict.fromkeys(graph.outputs, len(graph.steps))
    for place, step in enumerate(graph.steps):
        shapes.update(zip(step.inputs, step.input_shapes, strict=True))
        shapes.update(zip(step.outputs, step.output_shapes, strict=True))
        for number in step.inputs:
            last_use[number] = max(last_use.get(number, 0), place)
    size = {
        number: math.prod(n or 1 for n in shape[1:-1]) * channels[number] for number, shape in shapes.items()
    }
    live = {number for number in channels if not any(number in step.outputs for step in graph.steps)}
    peak = 0
    for place, step in enumerate(graph.steps):
        in_place = (
            len(step.inputs) == 1 and last_use[step.inputs[0]] == place and _keeps_its_place(step.layer)
        )
        live |= set(step.outputs)
        peak = max(
            peak, sum(size.get(number, 0) for number in live) - (size[step.inputs[0]] if in_place else 0)
        )
        live = {number for number in live if last_use.get(number, -1) > place}
    return peak


def _keeps_its_place(layer: Any) -> bool:
    """Fused into its producer or a mere change of shape once converted."""
    return type(layer).__name__ in (
        "Activation", "BatchNormalization", "Dropout", "Flatten", "LeakyReLU", "PReLU", "ReLU", "Reshape",
    )  # fmt: skip
