"""Which channels of a model may be scaled, and the model with some of them scaled.

A channel that is multiplied by a positive number where it is made and divided by it where it is read leaves
every output as it is, as long as all between maps a multiple to the same multiple: rectifiers without a cap,
pooling, padding with zeros, sums. A depthwise convolution reads its channels and makes others, so that both
sides are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.techniques._layerwise import LINEAR
from tinyml_compress.techniques.channels import ChannelGraph, Cut, CutRole, passed_on, symbol_of
from tinyml_compress.techniques.graph import LayerCall, copy_model, output_numbers, steps_of

Floats = npt.NDArray[np.float64]

_EVEN = ("linear", "relu", "leaky_relu")
_PASSING = {
    "LeakyReLU", "PReLU", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "MaxPooling1D", "MaxPooling2D",
    "AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D",
    "UpSampling1D", "UpSampling2D", "Add", "Subtract", "Average", "Maximum", "Minimum", "Concatenate",
    "Flatten", "Reshape",
}  # fmt: skip
_PASSING_OPS = {"nn.relu", "add", "__operators__.add", "subtract", "__operators__.sub", "identity"}


def scalable(model: Any) -> ChannelGraph:
    """The channels of a model whose normalizations are folded: units that are not pinned may be scaled. A cut
    is a layer whose weights make or read them.
    """
    graph = ChannelGraph(steps_of(model), outputs=output_numbers(model))
    for number, tensor in enumerate(model.inputs):
        graph.units[number] = graph.new(int(tensor.shape[-1]) if len(tensor.shape) > 1 else 1)
        graph.pin(graph.units[number], "input of the model")
    seen: dict[int, Cut] = {}
    for step in graph.steps:
        _visit(graph, step, seen)
    for number in graph.outputs:
        graph.pin(graph.units[number], "output of the model")
    graph.settle()
    return graph


def _visit(graph: ChannelGraph, step: LayerCall, seen: dict[int, Cut]) -> None:
    layer, kind = step.layer, type(step.layer).__name__
    ins = [graph.units[number] for number in step.inputs]
    if kind in LINEAR and getattr(layer, "data_format", "channels_last") in ("channels_last", None):
        results = graph.new(int(step.output_shapes[0][-1] or 1))
        role = CutRole.DEPTHWISE if kind == "DepthwiseConv2D" else CutRole.DENSE
        cut = Cut(layer, role, ins[0], results, 1)
        if id(layer) in seen:  # one set of weights for all calls
            graph.merge(cut.inputs, seen[id(layer)].inputs)
            graph.merge(cut.outputs, seen[id(layer)].outputs)
        else:
            seen[id(layer)] = cut
            graph.cuts.append(cut)
        graph.units[step.outputs[0]] = results
        if getattr(layer.activation, "__name__", "") not in _EVEN:
            graph.pin(results, f"the activation of {layer.name} is not a plain rectifier")
        return
    out = passed_on(step, ins, kind, graph) if _is_even(layer, kind) else None
    if out is not None:
        graph.units[step.outputs[0]] = out
        return
    why = f"{layer.name} ({kind}) does not pass a multiple on"
    for units in ins:
        graph.pin(units, why)
    for number, shape in zip(step.outputs, step.output_shapes, strict=True):
        graph.units[number] = graph.new(int(shape[-1] or 1) if len(shape) > 1 else 1)
        graph.pin(graph.units[number], why)


def _is_even(layer: Any, kind: str) -> bool:
    """Whether a multiple of its inputs gives the same multiple of its outputs."""
    if kind == "ReLU":
        return layer.max_value is None and not np.any(layer.threshold)
    if kind == "Activation":
        return getattr(layer.activation, "__name__", "") in _EVEN
    if kind == "TFOpLambda":
        return symbol_of(layer) in _PASSING_OPS
    return kind in _PASSING


def scaled(model: Any, factors: Mapping[int, float]) -> Any:
    """A copy of the model in which each unit of `scalable` is as many times larger as `factors` says; outputs
    stay.
    """
    copy = copy_model(model)
    graph = scalable(model)
    for cut in graph.cuts:
        layer = copy.get_layer(cut.layer.name)
        read = np.array([factors.get(int(unit), 1.0) for unit in cut.inputs])
        written = np.array([factors.get(int(unit), 1.0) for unit in cut.outputs])
        weights = [weight.astype(np.float64) for weight in layer.get_weights()]
        kernel = weights[0]
        if cut.role is CutRole.DEPTHWISE:
            weights[0] = kernel * (written.reshape(kernel.shape[-2:]) / read[:, None])
        else:
            weights[0] = kernel * written / _per_input(layer, kernel.shape, read)
        if layer.use_bias:
            weights[1] = weights[1] * written
        layer.set_weights([weight.astype(np.float32) for weight in weights])
    return copy


def _per_input(layer: Any, shape: tuple[int, ...], read: Floats) -> Floats:
    """(inputs of a group, outputs): each group of outputs reads inputs of its own."""
    groups = getattr(layer, "groups", 1)
    inner, outer = shape[-2:]
    columns = read.reshape(groups, inner).T  # (inner, groups)
    return np.repeat(columns, outer // groups, axis=1)
