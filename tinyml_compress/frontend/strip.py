"""A .tflite file without what a device does not need: names, metadata, ranges, biases' own scales."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.frontend.reader import read
from tinyml_compress.frontend.writer import write
from tinyml_compress.ir import Graph

__all__ = ["strip"]

# A convolution's multiplier is made of the scales of input, weights and output; FULLY_CONNECTED's Prepare
# compares its bias' scale with the product of the other two, so there it must stay.
_BIAS_SCALE_UNREAD = ("CONV_2D", "DEPTHWISE_CONV_2D")
_BIAS = 2


def strip(file: bytes) -> bytes:
    """The same model in fewer bytes: every kernel sees the same values, so every output is the same.

    Gone are names of tensors, metadata, signatures, calibration ranges, repeated vectors, and the
    quantization of convolution biases. UnsupportedOperator when the file holds an operator that the engine
    does not know.
    """
    graph = read(file, "model")
    return write(_without_bias_scales(graph), names=False)


def _without_bias_scales(graph: Graph) -> Graph:
    droppable = {
        node.inputs[_BIAS]
        for node in graph.nodes
        if node.op in _BIAS_SCALE_UNREAD and len(node.inputs) > _BIAS
    }
    kept = {
        name
        for node in graph.nodes
        for position, name in enumerate(node.inputs)
        if not (node.op in _BIAS_SCALE_UNREAD and position == _BIAS)
    }
    return graph.rebuilt(
        tensors={
            name: replace(tensor, quant=None) if name in droppable - kept else tensor
            for name, tensor in graph.tensors.items()
        }
    )
