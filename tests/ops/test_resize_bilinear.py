"""RESIZE_BILINEAR equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import single
from tests.lib.proof import Rng, ints, many, pick, refused, sample
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._resize import ResizeAttrs

TYPES = (DType.INT8, DType.INT8, DType.FLOAT32)
MODES = ((False, False), (True, False), (False, True))


def make(rng: Rng) -> Graph:
    n, h, w, c = (int(rng.integers(1, 9)) for _ in range(4))
    size = [int(rng.integers(1, 20)), int(rng.integers(1, 20))]
    if rng.random() < 0.3:
        size = [2 * h, 2 * w]
    dtype, n = pick(rng, TYPES), min(n, 2)
    x, y = Tensor("x", (n, h, w, c), dtype), Tensor("y", (n, *size, c), dtype)
    return single("RESIZE_BILINEAR", [x, ints("size", size)], y, ResizeAttrs(*pick(rng, MODES)))


def in_sixteenths(rng: Rng) -> Graph:
    """What goes by words: whole numbers of pixels for each, and of words of channels."""
    h, w, c = int(rng.integers(1, 7)), int(rng.integers(1, 7)), 4 * int(rng.integers(1, 6))
    size = [h * pick(rng, (1, 2, 2, 4, 8)), w * pick(rng, (1, 2, 2, 4, 8))]
    x, y = Tensor("x", (2, h, w, c), DType.INT8), Tensor("y", (2, *size, c), DType.INT8)
    attrs = ResizeAttrs(half_pixel_centers=bool(rng.integers(2)))
    return single("RESIZE_BILINEAR", [x, ints("size", size)], y, attrs)


test_sample = sample(make, 24)
test_in_sixteenths = sample(in_sixteenths, 24)
test_many_in_sixteenths = many(in_sixteenths)
test_many = many(make)


def test_refuses() -> None:
    x, y = Tensor("x", (1, 2, 2, 3), DType.INT8), Tensor("y", (1, 4, 6, 3), DType.INT8)
    refused(
        single("RESIZE_BILINEAR", [x, ints("size", [4, 6])], y, ResizeAttrs(True, True)),
        "one of them",
    )
    refused(single("RESIZE_BILINEAR", [x, ints("size", [4])], y, ResizeAttrs()), "the size")
