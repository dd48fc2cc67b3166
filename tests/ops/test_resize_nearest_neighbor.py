"""RESIZE_NEAREST_NEIGHBOR equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import single
from tests.lib.proof import Rng, ints, many, pick, refused, sample
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._resize import ResizeAttrs

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.FLOAT32)
MODES = ((False, False), (True, False), (False, True))


def make(rng: Rng) -> Graph:
    n, h, w, c = (int(rng.integers(1, 9)) for _ in range(4))
    size = [int(rng.integers(1, 20)), int(rng.integers(1, 20))]
    if rng.random() < 0.3:
        size = [2 * h, 2 * w]
    dtype, n = pick(rng, TYPES), min(n, 2)
    x, y = Tensor("x", (n, h, w, c), dtype), Tensor("y", (n, *size, c), dtype)
    return single("RESIZE_NEAREST_NEIGHBOR", [x, ints("size", size)], y, ResizeAttrs(*pick(rng, MODES)))


test_sample = sample(make, 20)
test_many = many(make)


def test_refuses() -> None:
    x, y = Tensor("x", (2, 2, 3), DType.INT8), Tensor("y", (2, 4, 6), DType.INT8)
    attrs = ResizeAttrs()
    refused(single("RESIZE_NEAREST_NEIGHBOR", [x, ints("size", [4, 6])], y, attrs), "rank")
    whole = Tensor("x", (1, 2, 2, 3), DType.INT8)
    refused(single("RESIZE_NEAREST_NEIGHBOR", [whole, ints("size", [4, 0])], y, attrs), "the size")
