"""L2_POOL_2D equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import single, tensor
from tests.lib.proof import FUSED, Rng, many, pick, refused, sample
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._pool import PoolAttrs
from tinyml_compress.ops._products import axis_window
from tinyml_compress.ops.numerics import Padding


def make(rng: Rng) -> Graph:
    batch, channels = int(rng.choice([1, 1, 2])), int(rng.choice([1, 3, 4, 8]))
    height, width = int(rng.integers(1, 10)), int(rng.integers(1, 10))
    padding = pick(rng, (Padding.SAME, Padding.VALID))
    high, wide = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    if padding is Padding.VALID:
        high, wide = min(high, height), min(wide, width)
    down, right = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    size = (
        batch,
        axis_window(padding, height, high, down)[0],
        axis_window(padding, width, wide, right)[0],
        channels,
    )
    return single(
        "L2_POOL_2D",
        [Tensor("x", (batch, height, width, channels), DType.FLOAT32)],
        Tensor("y", size, DType.FLOAT32),
        PoolAttrs(padding, right, down, wide, high, pick(rng, FUSED)),
    )


test_sample = sample(make, 16)
test_many = many(make)


def test_refuses() -> None:
    graph = single(
        "L2_POOL_2D", [tensor("x", (1, 2, 2, 1), 0.5)], tensor("y", (1, 2, 2, 1), 0.5), PoolAttrs()
    )
    refused(graph, "element type", "i8", "f32")
