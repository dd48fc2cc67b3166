"""PAD equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, ints, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor


def make(rng: Rng) -> Graph:
    dtype, size = (
        pick(rng, (DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)),
        shape(rng, 1, 5, 200),
    )
    amounts = rng.integers(0, 4, (len(size), 2)) * rng.integers(0, 2, (len(size), 2))
    after = tuple(int(n + a + b) for n, (a, b) in zip(size, amounts, strict=True))
    both = quantized(rng, dtype) if dtype in (DType.INT8, DType.INT16) else None
    return single(
        "PAD",
        [Tensor("x", size, dtype, both), ints("paddings", amounts)],
        Tensor("y", after, dtype, both),
        Attrs(),
    )


test_sample = sample(make, 20)
test_many = many(make)


def test_refuses() -> None:
    x, y = Tensor("x", (2, 3), DType.INT8, quant(0.1)), Tensor("y", (2, 4), DType.INT8, quant(0.1))
    refused(single("PAD", [x, ints("paddings", [[0, 0], [2, -1]])], y, Attrs()), "negative padding")
    refused(single("PAD", [x, ints("paddings", [[0, 1]])], y, Attrs()), "number of paddings", "4")
    refused(single("PAD", [x, Tensor("paddings", (2, 2), DType.INT32)], y, Attrs()), "at run time")
    deep = Tensor("x", (1,) * 6, DType.INT8, quant(0.1))
    refused(single("PAD", [deep, ints("paddings", np.zeros((6, 2)))], deep, Attrs()), "rank")
