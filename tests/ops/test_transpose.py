"""TRANSPOSE equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, ints, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, (DType.INT8, DType.INT8, DType.INT16, DType.FLOAT32)), shape(rng, 1, 5)
    order = rng.permutation(len(size)).tolist()
    both = None if dtype is DType.FLOAT32 else quantized(rng, dtype)
    after = tuple(size[axis] for axis in order)
    return single(
        "TRANSPOSE",
        [Tensor("x", size, dtype, both), ints("order", order)],
        Tensor("y", after, dtype, both),
        Attrs(),
    )


test_sample = sample(make, 20)
test_many = many(make)


def test_refuses() -> None:
    x, y = (Tensor(name, (2, 3), DType.INT8, quant(0.1)) for name in "xy")
    refused(single("TRANSPOSE", [x, ints("order", [1, 1])], y, Attrs()), "permutation", "(1, 1)")
    refused(single("TRANSPOSE", [x, Tensor("order", (2,), DType.INT32)], y, Attrs()), "at run time")
    wide = Tensor("x", (2, 3), DType.INT32)
    refused(single("TRANSPOSE", [wide, ints("order", [1, 0])], y, Attrs()), "element type", "i32")
