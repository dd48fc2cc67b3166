"""PACK equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import single
from tests.lib.proof import Rng, many, pick, refused, sample, shape
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.pack.op import PackAttrs

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 0, 3, 100)
    axis, count = int(rng.integers(len(size) + 1)), int(rng.integers(1, 6))
    out = Tensor("y", (*size[:axis], count, *size[axis:]), dtype)
    inputs = [Tensor(f"x{index}", size, dtype) for index in range(count)]
    return single("PACK", inputs, out, PackAttrs(count, axis - pick(rng, (0, len(size) + 1))))


test_sample = sample(make)
test_many = many(make)


def test_refuses() -> None:
    x, y = Tensor("x", (3,), DType.INT8), Tensor("y", (2, 3), DType.INT8)
    refused(single("PACK", [x, Tensor("z", (4,), DType.INT8)], y, PackAttrs(2, 0)), "shape of input 1")
    refused(single("PACK", [x, x], y, PackAttrs(3, 0)), "number of inputs", "values_count")
    refused(single("PACK", [x, x], y, PackAttrs(2, 2)), "axis out of range")
