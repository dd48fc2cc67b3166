"""A .tflite file without what a device does not need: names, metadata, ranges, biases' own scales."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.frontend.reader import read
from tinyml_compress.frontend.writer import write
from tinyml_compress.ir import Graph
from tinyml_compress.ops import operator


def strip(file: bytes) -> bytes:
    """The same model in fewer bytes: every kernel sees the same values, so every output is the same.

    Gone are names of tensors, metadata, signatures, calibration ranges, repeated vectors, and the
    quantization of convolution biases. UnsupportedOperator when the file holds an operator that the engine
    does not know.
    """
    graph = read(file, "model")
    return write(_without_bias_scales(graph), names=False)


def _without_bias_scales(graph: Graph) -> Graph:
    droppable: set[str | None] = set()
    kept: set[str | None] = set()
    for node in graph.nodes:
        weights = operator(node.op, node.name).weights
        unread = None if weights is None or weights.reads_bias_scale else weights.bias
        for position, name in enumerate(node.inputs):
            (droppable if position == unread else kept).add(name)
    return graph.rebuilt(
        tensors={
            name: replace(tensor, quant=None) if name in droppable - kept else tensor
            for name, tensor in graph.tensors.items()
        }
    )
