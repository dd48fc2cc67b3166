"""Small networks that remember: made without TensorFlow, in the way of the streaming models that people
deploy.
"""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import const, graph, quant, tensor
from tinyml_compress.frontend import read, write
from tinyml_compress.ir import DType, Node, Tensor
from tinyml_compress.ops.circular_buffer.op import CircularBufferAttrs
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.ops.reshape.op import ReshapeAttrs
from tinyml_compress.ops.softmax.op import SoftmaxAttrs
from tinyml_compress.ops.svdf.op import SvdfAttrs
from tinyml_compress.streaming import streamed


def _svdf(
    rng: np.random.Generator, index: int, source: Tensor, units: int, memory: int
) -> tuple[list[Tensor], Node]:
    """One layer of rank 2 with int16 state, whose numbers spread over their range."""
    assert source.quant is not None
    rank, size = 2, source.shape[1]
    kept = quant(source.quant.scale * 0.01 * np.sqrt(size) / 80)
    bias_scale = float(np.float32(kept.scale) * np.float32(1e-4))
    made = [
        const(f"feature{index}", rng.integers(-127, 128, (units * rank, size)), 0.01),
        const(f"time{index}", rng.integers(-3000, 3001, (units * rank, memory)), 1e-4, dtype=DType.INT16),
        const(f"bias{index}", rng.integers(-1000, 1000, units), bias_scale, dtype=DType.INT32),
        Tensor(f"state{index}", (1, units * rank * memory), DType.INT16, kept, variable=True),
        tensor(f"svdf{index}", (1, units), kept.scale * 1e-4 * 2.5e5 * np.sqrt(rank * memory), -20 * index),
    ]
    names = (source.name, *(t.name for t in made[:4]))
    return made, Node("SVDF", names, (made[4].name,), SvdfAttrs(rank, Activation.RELU), f"svdf{index}")


def svdf_net() -> bytes:
    """A keyword spotter: two SVDF layers, a dense layer, softmax."""
    rng = np.random.default_rng(5)
    x = tensor("frame", (1, 24), 0.1, 3)
    first, one = _svdf(rng, 0, x, 16, 8)
    second, two = _svdf(rng, 1, first[4], 12, 6)
    assert second[4].quant is not None
    dense = [
        const("w", rng.integers(-127, 128, (4, 12)), 0.01),
        const("b", rng.integers(-500, 500, 4), second[4].quant.scale * 0.01, dtype=DType.INT32),
        tensor("scores", (1, 4), second[4].quant.scale * 0.01 * 60, 2),
    ]
    out = tensor("y", (1, 4), 1 / 256, -128)
    nodes = [
        one,
        two,
        Node("FULLY_CONNECTED", ("svdf1", "w", "b"), ("scores",), FullyConnectedAttrs(), "dense"),
        Node("SOFTMAX", ("scores",), ("y",), SoftmaxAttrs(1.0), "softmax"),
    ]
    return write(graph([x, *first, *second, *dense, out], nodes, ["frame"], ["y"]))


def window_net() -> bytes:
    """Separable convolutions along time, as of a streaming wake word, on a window of 9 frames; no
    state yet.
    """
    rng = np.random.default_rng(6)
    last = tensor("input", (1, 9, 2, 5), 0.05, -7)
    tensors, nodes = [last], []
    for index, (steps, channels) in enumerate(((3, 8), (4, 6), (4, 6))):
        frames, width, depth = last.shape[1] - steps + 1, last.shape[2], last.shape[3]
        assert last.quant is not None
        along = [
            const(f"dw{index}", rng.integers(-127, 128, (1, steps, 1, depth)), [0.01] * depth, axis=3),
            const(
                f"db{index}",
                rng.integers(-900, 900, depth),
                [last.quant.scale * 0.01] * depth,
                dtype=DType.INT32,
            ),
            tensor(f"along{index}", (1, frames, width, depth), last.quant.scale * 1.5, 3),
        ]
        assert along[2].quant is not None
        across = [
            const(f"pw{index}", rng.integers(-127, 128, (channels, 1, 1, depth)), [0.01] * channels, axis=0),
            const(
                f"pb{index}",
                rng.integers(-900, 900, channels),
                [along[2].quant.scale * 0.01] * channels,
                dtype=DType.INT32,
            ),
            tensor(f"across{index}", (1, frames, width, channels), along[2].quant.scale * 1.5, -128),
        ]
        valid = (Padding.VALID, 1, 1)
        nodes += [
            Node(
                "DEPTHWISE_CONV_2D",
                (last.name, along[0].name, along[1].name),
                (along[2].name,),
                DepthwiseConv2DAttrs(*valid),
                f"along{index}",
            ),
            Node(
                "CONV_2D",
                (along[2].name, across[0].name, across[1].name),
                (across[2].name,),
                Conv2DAttrs(*valid, Activation.RELU),
                f"across{index}",
            ),
        ]
        tensors += [*along, *across]
        last = across[2]
    shape = const("flat", [1, last.elements], dtype=DType.INT32)
    out = Tensor("y", (1, last.elements), DType.INT8, last.quant)
    nodes.append(Node("RESHAPE", (last.name, "flat"), ("y",), ReshapeAttrs((1, last.elements)), "flatten"))
    return write(graph([*tensors, shape, out], nodes, ["input"], ["y"]))


def variables_net() -> bytes:
    """The same frame by frame, with variables and CALL_ONCE."""
    return write(streamed(read(window_net(), "window")).graph)


def buffer_net() -> bytes:
    """Every third frame gives a result: convolution over a circular buffer."""
    rng = np.random.default_rng(7)
    x = tensor("frame", (1, 1, 1, 6), 0.05, 5)
    frames = Tensor("frames", (1, 4, 1, 6), DType.INT8, x.quant, variable=True)
    weights = const("w", rng.integers(-127, 128, (5, 4, 1, 6)), [0.01] * 5, axis=0)
    bias = const("b", rng.integers(-900, 900, 5), [0.0005] * 5, dtype=DType.INT32)
    y = tensor("y", (1, 1, 1, 5), 0.1, -9)
    nodes = [
        Node("CIRCULAR_BUFFER", ("frame",), ("frames",), CircularBufferAttrs(3), "buffer"),
        Node("CONV_2D", ("frames", "w", "b"), ("y",), Conv2DAttrs(Padding.VALID, 1, 1), "conv"),
    ]
    return write(graph([x, frames, weights, bias, y], nodes, ["frame"], ["y"]))


STREAMING = {"svdf": svdf_net, "variables": variables_net, "buffer": buffer_net}
