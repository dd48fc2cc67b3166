"""Small networks that remember: made without TensorFlow, in the way of the streaming models that people deploy."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import const, graph, quant, tensor
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Node, Tensor
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.ops.numerics import Activation
from tinyml_compress.ops.softmax.op import SoftmaxAttrs
from tinyml_compress.ops.svdf.op import SvdfAttrs

__all__ = ["STREAMING", "svdf_net"]


def _svdf(rng: np.random.Generator, index: int, source: Tensor, units: int, memory: int) -> tuple[list[Tensor], Node]:
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


STREAMING = {"svdf": svdf_net}
