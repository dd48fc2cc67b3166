"""SLICE equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import const, single
from tests.lib.proof import Rng, ints, many, pick, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.BOOL, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype, size, wide = pick(rng, TYPES), shape(rng, 1, 5), pick(rng, (DType.INT32, DType.INT64))
    begin = [int(rng.integers(n)) for n in size]
    count = [int(rng.integers(1, n - b + 1)) for n, b in zip(size, begin, strict=True)]
    out = Tensor("y", tuple(count), dtype)
    for axis, n in enumerate(size):
        if begin[axis] + count[axis] == n and rng.random() < 0.3:
            count[axis] = -1
    bounds = [const("begin", np.array(begin), dtype=wide), const("size", np.array(count), dtype=wide)]
    return single("SLICE", [Tensor("x", size, dtype), *bounds], out, Attrs())


test_sample = sample(make, 20)
test_many = many(make)


def test_refuses() -> None:
    x, y = (Tensor(name, (3, 4), DType.INT8) for name in "xy")
    refused(
        single("SLICE", [x, ints("b", [0, 2]), ints("s", [3, 3])], y, Attrs()), "range along axis 1", "2 + 3"
    )
    refused(single("SLICE", [x, ints("b", [0]), ints("s", [3])], y, Attrs()), "number of values in begin")
    refused(
        single("SLICE", [x, Tensor("b", (2,), DType.INT32), ints("s", [3, 4])], y, Attrs()), "at run time"
    )
