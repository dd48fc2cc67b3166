"""SPACE_TO_DEPTH and DEPTH_TO_SPACE equal TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import single
from tests.lib.proof import Rng, many, pick, refused, sample
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._pixel_blocks import BlockAttrs

TYPES = (DType.INT8, DType.INT8, DType.FLOAT32)


def to_depth(rng: Rng) -> Graph:
    n, h, w, c, block = (int(rng.integers(1, 5)) for _ in range(5))
    dtype = pick(rng, TYPES)
    x, y = Tensor("x", (n, h * block, w * block, c), dtype), Tensor("y", (n, h, w, c * block * block), dtype)
    return single("SPACE_TO_DEPTH", [x], y, BlockAttrs(block))


def to_space(rng: Rng) -> Graph:
    n, h, w, c, block = (int(rng.integers(1, 5)) for _ in range(5))
    dtype = pick(rng, TYPES)
    x, y = Tensor("x", (n, h, w, c * block * block), dtype), Tensor("y", (n, h * block, w * block, c), dtype)
    return single("DEPTH_TO_SPACE", [x], y, BlockAttrs(block))


test_to_depth = sample(to_depth)
test_to_space = sample(to_space)
test_many_to_depth = many(to_depth, 60)
test_many_to_space = many(to_space, 60)


def test_refuses() -> None:
    x, y = Tensor("x", (1, 4, 6, 3), DType.INT8), Tensor("y", (1, 1, 1, 1), DType.INT8)
    refused(single("SPACE_TO_DEPTH", [x], y, BlockAttrs(4)), "block size", "4")
    refused(single("SPACE_TO_DEPTH", [x], y, BlockAttrs(0)), "block size")
    refused(single("DEPTH_TO_SPACE", [x], y, BlockAttrs(2)), "block size")
