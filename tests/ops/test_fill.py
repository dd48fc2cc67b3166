"""FILL and ZEROS_LIKE equal TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import single
from tests.lib.proof import Rng, ints, many, pick, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor

TYPES = (DType.INT8, DType.INT32, DType.FLOAT32)


def fill(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 4)
    data = np.array(rng.integers(-100, 100), dtype.numpy) if rng.random() < 0.5 else None
    return single(
        "FILL",
        [ints("shape", size), Tensor("value", (), dtype, None, data)],
        Tensor("y", size, dtype),
        Attrs(),
    )


def zeros(rng: Rng) -> Graph:
    dtype, size = pick(rng, (DType.INT8, DType.INT32, DType.INT64, DType.FLOAT32)), shape(rng, 1, 4)
    return single("ZEROS_LIKE", [Tensor("x", size, dtype)], Tensor("y", size, dtype), Attrs())


test_fill = sample(fill)
test_zeros = sample(zeros, 4)
test_many_fill = many(fill, 40)


def test_refuses() -> None:
    value, y = Tensor("value", (), DType.INT8), Tensor("y", (2, 3), DType.INT8)
    refused(single("FILL", [Tensor("shape", (2,), DType.INT32), value], y, Attrs()), "at run time")
    refused(single("FILL", [ints("shape", [2, -3]), value], y, Attrs()), "shape or value")
    short = Tensor("s", (2,), DType.INT16)
    refused(single("ZEROS_LIKE", [short], short, Attrs()), "element type", "i16")
