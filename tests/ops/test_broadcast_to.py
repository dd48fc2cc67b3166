"""BROADCAST_TO equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import const, single
from tests.lib.proof import Rng, ints, many, pick, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor

TYPES = (DType.INT8, DType.UINT8, DType.BOOL, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype, after = pick(rng, TYPES), shape(rng, 1, 5, 300)
    before = tuple(1 if rng.random() < 0.5 else n for n in after)[int(rng.integers(len(after))) :]
    wanted = const("shape", np.array(after), dtype=pick(rng, (DType.INT32, DType.INT64)))
    return single("BROADCAST_TO", [Tensor("x", before, dtype), wanted], Tensor("y", after, dtype), Attrs())


test_sample = sample(make, 20)
test_many = many(make)


def test_refuses() -> None:
    x, y = Tensor("x", (2, 3), DType.INT8), Tensor("y", (4, 3), DType.INT8)
    refused(single("BROADCAST_TO", [x, ints("shape", [4, 3])], y, Attrs()), "do not broadcast")
    refused(single("BROADCAST_TO", [x, ints("shape", [3])], y, Attrs()), "rank of the shape")
