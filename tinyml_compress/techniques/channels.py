"""Which channels of a model belong together: the graph that structured pruning cuts along.

Every tensor's last axis is a vector of units. A unit is born in a layer with weights, flows unchanged through
pooling, activations and normalization, is repeated by Flatten and by depth multipliers, put side by side by
Concatenate, and merged with another by Add (both must then stay or go together). Units that reach a place
which cannot be made smaller (model inputs and outputs, layers this file does not know) are pinned, each with
the reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.techniques.graph import LayerCall, output_numbers, steps_of

Ints = npt.NDArray[np.int64]


class CutRole(Enum):
    """How a layer's weights are indexed by channels."""

    CONV = "convolution"
    CONV_TRANSPOSE = "transposed convolution"
    DEPTHWISE = "depthwise convolution"
    SEPARABLE = "separable convolution"
    DENSE = "dense"
    NORM = "batch normalization"
    PRELU = "channel-wise slope"
    LSTM = "LSTM"
    EMBEDDING = "embedding"
    RESHAPE = "reshape"
    THROUGH = "no weights"


@dataclass(frozen=True)
class Cut:
    """A layer whose weights follow channels: the units along its input axis and its output axis."""

    layer: Any
    role: CutRole
    inputs: Ints
    outputs: Ints
    positions: int  # how often each weight is used for one input of the model (1 when not known)


@dataclass
class ChannelGraph:
    """The result of `analyse`; unit numbers are resolved by `roots`."""

    steps: list[LayerCall]
    units: dict[int, Ints] = field(default_factory=dict)  # tensor -> units of its last axis
    cuts: list[Cut] = field(default_factory=list)
    pinned: dict[int, str] = field(default_factory=dict)  # root -> why
    outputs: tuple[int, ...] = ()
    _parents: list[int] = field(default_factory=list)

    def new(self, count: int) -> Ints:
        """Fresh units."""
        start = len(self._parents)
        self._parents.extend(range(start, start + count))
        return np.arange(start, start + count)

    def root(self, unit: int) -> int:
        """The one that stands for all units merged with `unit`."""
        while self._parents[unit] != unit:
            self._parents[unit] = self._parents[self._parents[unit]]
            unit = self._parents[unit]
        return unit

    def roots(self, units: Ints) -> Ints:
        """`root` of each."""
        return np.array([self.root(int(unit)) for unit in units], dtype=np.int64)

    def merge(self, left: Ints, right: Ints) -> None:
        """From now on each unit on the left stays or goes with the one at the same place on the right."""
        for a, b in zip(left, right, strict=True):
            self._parents[self.root(int(a))] = self.root(int(b))

    def pin(self, units: Ints, why: str) -> None:
        """These units must stay."""
        for unit in units:
            self.pinned.setdefault(int(unit), why)

    def settle(self) -> None:
        """Resolve everything to roots, after the last merge."""
        self.pinned = {self.root(unit): why for unit, why in reversed(list(self.pinned.items()))}
        self.units = {tensor: self.roots(units) for tensor, units in self.units.items()}
        self.cuts = [
            Cut(cut.layer, cut.role, self.roots(cut.inputs), self.roots(cut.outputs), cut.positions)
            for cut in self.cuts
        ]


_CONVS = {"Conv1D", "Conv2D", "Conv3D"}
_TRANSPOSED = {"Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"}
_DEPTHWISE = {"DepthwiseConv1D", "DepthwiseConv2D"}
_SEPARABLE = {"SeparableConv1D", "SeparableConv2D"}
_MERGES = {"Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average"}
ADDITIONS = {"add", "__operators__.add", "subtract", "__operators__.sub"}
_MERGE_OPS = ADDITIONS | {"multiply", "maximum", "minimum"}
_THROUGH = {
    "Activation", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Dropout", "SpatialDropout1D",
    "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise", "AlphaDropout",
    "ActivityRegularization", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D",
    "AveragePooling2D", "AveragePooling3D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D",
    "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D", "UpSampling1D",
    "UpSampling2D", "RepeatVector",
}  # fmt: skip
_THROUGH_OPS = {"nn.relu", "nn.relu6", "tanh", "sigmoid", "nn.leaky_relu", "identity"}


def symbol_of(layer: Any) -> str:
    """The TensorFlow function that an operator-as-layer calls, without its `math.`."""
    return str(layer.get_config().get("function", "")).removeprefix("math.")


def is_softmax(layer: Any) -> bool:
    """Whether the layer's activation mixes channels."""
    return getattr(getattr(layer, "activation", None), "__name__", "") in ("softmax", "log_softmax")


def analyse(model: Any) -> ChannelGraph:
    """The channel graph of a model made by `copy_model`."""
    graph = ChannelGraph(steps_of(model), outputs=output_numbers(model))
    for number, tensor in enumerate(model.inputs):
        graph.units[number] = graph.new(_last(tuple(tensor.shape)))
        graph.pin(graph.units[number], "input of the model")
    seen: dict[int, Cut] = {}
    for step in graph.steps:
        _visit(graph, step, seen)
    for tensor in graph.outputs:
        graph.pin(graph.units[tensor], "output of the model")
    graph.settle()
    return graph


def _last(shape: tuple[int | None, ...]) -> int:
    # a tensor without channels is one unit, pinned by whoever reads it
    return int(shape[-1]) if len(shape) > 1 and shape[-1] is not None else 1


def _positions(shape: tuple[int | None, ...]) -> int:
    return math.prod(size or 1 for size in shape[1:-1])


def _visit(graph: ChannelGraph, step: LayerCall, seen: dict[int, Cut]) -> None:
    layer, kind = step.layer, type(step.layer).__name__
    ins = [graph.units[number] for number in step.inputs]
    channels_last = getattr(layer, "data_format", "channels_last") in ("channels_last", None)
    cut = _cut_of(graph, step, ins, kind) if channels_last else None
    if cut is not None:
        if id(layer) in seen:  # a shared layer has one set of weights for all its calls
            graph.merge(cut.inputs, seen[id(layer)].inputs)
            graph.merge(cut.outputs, seen[id(layer)].outputs)
        else:
            seen[id(layer)] = cut
        graph.cuts.append(cut)
        graph.units[step.outputs[0]] = cut.outputs
        if is_softmax(layer):
            graph.pin(cut.outputs, f"softmax in {layer.name}")
        return
    out = passed_on(step, ins, kind, graph) if channels_last else None
    if out is not None:
        graph.units[step.outputs[0]] = out
        return
    why = f"{layer.name} ({kind}) cannot be made smaller"
    for units in ins:
        graph.pin(units, why)
    for number, shape in zip(step.outputs, step.output_shapes, strict=True):
        graph.units[number] = graph.new(_last(shape))
        graph.pin(graph.units[number], why)


def _cut_of(graph: ChannelGraph, step: LayerCall, ins: list[Ints], kind: str) -> Cut | None:
    """The cut of a layer whose weights have channel axes, or None for any other layer."""
    layer, shape = step.layer, step.output_shapes[0]
    if len(ins) != 1 and kind != "Embedding":
        return None
    count, positions = _last(shape), _positions(shape)
    if kind in _CONVS and layer.groups == 1:
        return Cut(layer, CutRole.CONV, ins[0], graph.new(count), positions)
    if kind in _TRANSPOSED:
        return Cut(layer, CutRole.CONV_TRANSPOSE, ins[0], graph.new(count), _positions(step.input_shapes[0]))
    if kind in _DEPTHWISE:
        return Cut(layer, CutRole.DEPTHWISE, ins[0], np.repeat(ins[0], layer.depth_multiplier), positions)
    if kind in _SEPARABLE:
        return Cut(layer, CutRole.SEPARABLE, ins[0], graph.new(count), positions)
    if kind == "Dense":
        return Cut(layer, CutRole.DENSE, ins[0], graph.new(count), positions)
    if kind == "BatchNormalization":
        axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
        if [axis % len(shape) for axis in axes] != [len(shape) - 1]:
            return None
        return Cut(layer, CutRole.NORM, ins[0], ins[0], positions)
    if kind == "PReLU":
        return (
            Cut(layer, CutRole.PRELU, ins[0], ins[0], positions)
            if layer.alpha.shape[-1] == len(ins[0])
            else None
        )
    if kind == "LSTM" and not layer.return_state and not layer.stateful:
        steps = step.input_shapes[0][1] or 1
        return Cut(layer, CutRole.LSTM, ins[0], graph.new(count), steps)
    if kind == "Embedding":
        return Cut(layer, CutRole.EMBEDDING, graph.new(0), graph.new(count), 0)
    return None


def passed_on(step: LayerCall, ins: list[Ints], kind: str, graph: ChannelGraph) -> Ints | None:
    """The output's units for a layer that only passes channels on; None when they cannot be followed."""
    shape_in, shape_out = step.input_shapes[0], step.output_shapes[0]
    if kind in ("TFOpLambda", "SlicingOpLambda"):
        symbol = symbol_of(step.layer)
        if symbol in _MERGE_OPS and len(ins) > 1:
            kind = "Add"
        elif symbol in _THROUGH_OPS and shape_in == shape_out:
            return ins[0]
        else:
            return None
    if kind == "Activation" and is_softmax(step.layer):
        return None
    if kind in _THROUGH:
        return ins[0] if len(ins) == 1 else None
    if kind in _MERGES:
        return _merge(ins, graph)
    if kind == "Concatenate":
        axis = step.layer.axis % len(shape_out)
        if axis == len(shape_out) - 1:
            return np.concatenate(ins)
        for other in ins[1:]:
            graph.merge(other, ins[0])
        return ins[0]
    if kind in ("Flatten", "Reshape"):
        return _reshaped(shape_in, shape_out, ins[0])
    if kind == "Permute":
        return ins[0] if step.layer.dims[-1] == len(step.layer.dims) else None
    return None


def _merge(ins: list[Ints], graph: ChannelGraph) -> Ints | None:
    widest = max(ins, key=len)
    for units in ins:
        if len(units) == len(widest):
            if units is not widest:
                graph.merge(units, widest)
        elif len(units) == 1:  # broadcast over channels: the single channel serves all of them and must stay
            graph.pin(units, "broadcast over channels")
        else:
            return None
    return widest


def _reshaped(
    shape_in: tuple[int | None, ...], shape_out: tuple[int | None, ...], units: Ints
) -> Ints | None:
    """Units through a row-major reshape that keeps the last axis or unrolls places and channels into one."""
    if None in shape_in[1:] or None in shape_out[1:] or len(shape_in) < 2:
        return None
    last_in, last_out = _last(shape_in), _last(shape_out)
    if last_out == last_in:
        return units
    return np.tile(units, last_out // last_in) if last_out % last_in == 0 else None
