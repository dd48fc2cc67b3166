"""Channels that are one value for every input, or that nobody reads, go: with their weights, work and memory.

Pruned and trained-dead channels are found by exact interval analysis (`ops/ranges.py`); what remains computes
the same bytes. A constant folds into the biases of those who read it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, Graph, Node, Quant, Tensor, needed
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Operator
from tinyml_compress.ops.traits import Weights
from tinyml_compress.passes._channels import Cutting, Mask, WeightNode, find_removable, folded_bias

_WEIGHTS, _BIAS = 1, 2
_MOST_ROUNDS = 8
"""Chains go in one round; a second one is rare."""


def remove_dead_channels(graph: Graph) -> Graph:
    """Cut all channels that can go; what is cut can make more dead, so this is done until nothing is."""
    for _ in range(_MOST_ROUNDS):
        removal = find_removable(graph)
        if removal is None:
            break
        graph = _Cut(graph, removal).graph()
    return graph


class _Cut:
    """The graph with channels cut out. Constants get names of their own where others read them too."""

    def __init__(self, graph: Graph, removal: Cutting) -> None:
        self._graph = graph
        self._kept = removal.kept
        self._layers = {layer.node: layer for layer in removal.layers}
        self._tensors = {name: self._narrowed(tensor) for name, tensor in graph.tensors.items()}
        self._readers = Counter(name for node in graph.nodes for name in node.inputs)
        self._readers.update(graph.outputs)  # a constant may be one

    def graph(self) -> Graph:
        nodes = tuple(self._node(index, node) for index, node in enumerate(self._graph.nodes))
        return self._graph.rebuilt(nodes=nodes, tensors=self._tensors)

    def _narrowed(self, tensor: Tensor) -> Tensor:
        """The tensor without its dead channels. Weights count as whole here: their rows and columns go by
        node.
        """
        mask = self._kept.get(tensor.name)
        if mask is None or mask.all() or not tensor.shape:
            return tensor
        data = None if tensor.data is None else _frozen(tensor.data[..., mask])
        return replace(tensor, shape=(*tensor.shape[:-1], int(mask.sum())), data=data)

    def _node(self, index: int, node: Node) -> Node:
        layer = self._layers.get(index)
        if layer is not None:
            return self._cut_layer(node, layer)
        mask = self._kept.get(node.outputs[0]) if node.outputs else None
        if mask is None or mask.all():
            return node
        op = operator(node.op, node.name)
        return self._reshape(op, node) if op.weights is None else self._cut_rows(op.weights, node, mask)

    def _cut_layer(self, node: Node, layer: WeightNode) -> Node:
        rows, columns = self._kept[layer.output], self._kept[layer.source]
        if rows.all() and columns.all():
            return node
        weights = layer.rows.weights.copy()
        bias = folded_bias(layer, ~columns & layer.folds)
        # A row that is one value whatever it reads needs no weights once some of what it read is gone.
        lost = layer.settled & (weights[:, :, ~columns & ~layer.folds] != 0).any(axis=(1, 2))
        weights[lost], bias[lost] = 0, layer.rows.low[lost]
        held = self._graph.tensors[_name(node, _WEIGHTS)]
        cut = weights[rows][:, :, columns].reshape((int(rows.sum()), *held.shape[1:-1], -1))
        return self._with_constants(node, held, cut, bias[rows], rows, 0)

    def _cut_rows(self, weights: Weights, node: Node, rows: Mask) -> Node:
        """A layer each of whose rows reads one channel, which goes with it."""
        held = self._graph.tensors[_name(node, _WEIGHTS)]
        bias = self._graph.tensors[name].data if (name := _optional(node, _BIAS)) is not None else None
        cut_bias = None if bias is None else bias.reshape(-1)[rows].astype(np.int64)
        cut = np.compress(rows, held.constant, weights.outputs).astype(np.int64)
        return self._with_constants(node, held, cut, cut_bias, rows, weights.outputs)

    def _with_constants(
        self,
        node: Node,
        held: Tensor,
        weights: npt.NDArray[np.int64],
        bias: npt.NDArray[np.int64] | None,
        rows: Mask,
        axis: int,
    ) -> Node:
        quant = _cut_quant(held.quant, rows, axis)
        new = replace(held, shape=weights.shape, quant=quant, data=_frozen(weights.astype(np.int8)))
        inputs: list[str | None] = [node.inputs[0], self._own(new)]
        old = _optional(node, _BIAS)
        if bias is not None and (old is not None or bias.any()):
            inputs.append(self._own(self._bias(node, old, bias, rows, quant)))
        return replace(node, inputs=tuple(inputs))

    def _bias(
        self, node: Node, old: str | None, values: npt.NDArray[np.int64], rows: Mask, weights: Quant | None
    ) -> Tensor:
        data = _frozen(values.astype(np.int32))
        if old is not None:
            held = self._graph.tensors[old]
            return replace(held, shape=data.shape, quant=_cut_quant(held.quant, rows, 0), data=data)
        source = self._graph.tensors[_name(node, 0)].quantized
        scales = tuple(float(np.float32(source.scale * scale)) for scale in needed(weights).scales)
        quant = Quant(scales, (0,) * len(scales), 0 if len(scales) > 1 else None)
        return Tensor(f"{_name(node, _WEIGHTS)}_bias", data.shape, DType.INT32, quant, data)

    def _own(self, tensor: Tensor) -> str:
        """Put a constant into the graph, under another name when its own is still read by others."""
        name = tensor.name
        if self._readers[name] > 1 or (name in self._tensors and name not in self._graph.tensors):
            number = 2
            while f"{name}#{number}" in self._tensors:
                number += 1
            name = f"{name}#{number}"
        self._tensors[name] = replace(tensor, name=name)
        return name

    def _reshape(self, op: Operator, node: Node) -> Node:
        attrs, named = op.of_shape(self._graph.view(node), self._tensors[node.outputs[0]].shape)
        inputs = list(node.inputs)
        for index, values in named.items():
            held = self._graph.tensors[_name(node, index)]
            data = _frozen(np.array(values, held.dtype.numpy))
            inputs[index] = self._own(replace(held, shape=data.shape, data=data))
        return replace(node, attrs=attrs, inputs=tuple(inputs))


def _frozen(data: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    data = np.ascontiguousarray(data)
    data.setflags(write=False)
    return data


def _optional(node: Node, index: int) -> str | None:
    return node.inputs[index] if index < len(node.inputs) else None


def _name(node: Node, index: int) -> str:
    return needed(node.inputs[index])


def _cut_quant(quant: Quant | None, rows: Mask, axis: int) -> Quant | None:
    if quant is None or not quant.per_channel or quant.axis != axis:
        return quant
    keep = np.flatnonzero(rows)
    scales, zeros = tuple(quant.scales[i] for i in keep), tuple(quant.zero_points[i] for i in keep)
    return Quant(scales, zeros, axis if len(scales) > 1 else None)
