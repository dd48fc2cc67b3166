"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND equal TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import single
from tests.lib.proof import Rng, ints, many, pick, quantized, refused, sample
from tinyml_compress.ir import Attrs, DType, Graph, Tensor

TYPES = (DType.INT8, DType.INT8, DType.FLOAT32)


def to_batch(rng: Rng) -> Graph:
    dtype, axes = pick(rng, TYPES), int(rng.integers(1, 3))
    blocks = rng.integers(1, 4, axes)
    inside = rng.integers(1, 5, axes) * blocks
    edges = rng.integers(0, 3, (axes, 2))
    size = np.maximum(inside - edges.sum(1), 1)
    edges[:, 1] += (-(size + edges.sum(1))) % blocks
    after = (size + edges.sum(1)) // blocks
    n, c = int(rng.integers(1, 3)), int(rng.integers(1, 5))
    both = quantized(rng, dtype) if dtype is DType.INT8 else None
    x = Tensor("x", (n, *size.tolist(), c), dtype, both)
    y = Tensor("y", (n * int(blocks.prod()), *after.tolist(), c), dtype, both)
    return single("SPACE_TO_BATCH_ND", [x, ints("block", blocks), ints("paddings", edges)], y, Attrs())


def to_space(rng: Rng) -> Graph:
    dtype, axes = pick(rng, TYPES), int(rng.integers(1, 3))
    blocks = rng.integers(1, 4, axes)
    size = rng.integers(1, 5, axes)
    edges = np.array(
        [
            [int(rng.integers(0, (s * b + 1) // 2)) for _ in range(2)]
            for s, b in zip(size, blocks, strict=True)
        ]
    )
    after = size * blocks - edges.sum(1)
    n, c = int(rng.integers(1, 3)), int(rng.integers(1, 5))
    both = quantized(rng, dtype) if dtype is DType.INT8 else None
    x = Tensor("x", (n * int(blocks.prod()), *size.tolist(), c), dtype, both)
    y = Tensor("y", (n, *after.tolist(), c), dtype, both)
    return single("BATCH_TO_SPACE_ND", [x, ints("block", blocks), ints("crops", edges)], y, Attrs())


test_to_batch = sample(to_batch)
test_to_space = sample(to_space)
test_many_to_batch = many(to_batch)
test_many_to_space = many(to_space)


def test_refuses() -> None:
    x, y = Tensor("x", (2, 4, 4, 3), DType.FLOAT32), Tensor("y", (8, 2, 2, 3), DType.FLOAT32)
    block, none = ints("block", [2, 2]), ints("edges", np.zeros((2, 2)))
    refused(
        single("SPACE_TO_BATCH_ND", [x, ints("block", [3, 2]), none], y, Attrs()),
        "padded size",
        "multiple of 3",
    )
    refused(single("SPACE_TO_BATCH_ND", [x, ints("block", [2]), none], y, Attrs()), "number of block sizes")
    refused(single("BATCH_TO_SPACE_ND", [x, block, none], y, Attrs()), "batches", "multiple of 4")
