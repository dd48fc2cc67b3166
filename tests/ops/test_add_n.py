"""ADD_N and CUMSUM equal TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, ints, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops.cumsum.op import CumsumAttrs

TYPES = (DType.INT8, DType.INT8, DType.FLOAT32)


def add_n(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng)
    before = after = None
    if dtype is DType.INT8:
        before = quantized(rng, dtype)
        after = quantized(rng, dtype, before.scale / 10, before.scale * 30)
    inputs = [Tensor(f"x{index}", size, dtype, before) for index in range(int(rng.integers(2, 7)))]
    return single("ADD_N", inputs, Tensor("y", size, dtype, after), Attrs())


def cumsum(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 4)
    axis = int(rng.integers(len(size)))
    before = after = None
    if dtype is DType.INT8:
        before = quantized(rng, dtype)
        after = quantized(rng, dtype, before.scale / 10, before.scale * 100)
    x, y = Tensor("x", size, dtype, before), Tensor("y", size, dtype, after)
    named = ints("axis", axis - pick(rng, (0, len(size))))
    return single("CUMSUM", [x, named], y, CumsumAttrs(bool(rng.integers(2)), bool(rng.integers(2))))


test_add_n = sample(add_n)
test_cumsum = sample(cumsum, 20)
test_many_add_n = many(add_n, 80)
test_many_cumsum = many(cumsum)


def test_refuses() -> None:
    x, z = Tensor("x", (4,), DType.INT8, quant(0.1)), Tensor("z", (4,), DType.INT8, quant(0.2))
    refused(single("ADD_N", [x, z], x, Attrs()), "same scale")
    refused(single("ADD_N", [x], x, Attrs()), "number of inputs")
    refused(single("ADD_N", [x, Tensor("w", (5,), DType.INT8, quant(0.1))], x, Attrs()), "shape of input 1")
    refused(single("CUMSUM", [x, ints("axis", 1)], x, CumsumAttrs()), "axis out of range")
