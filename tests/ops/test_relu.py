"""RELU on its own equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, (DType.INT8, DType.INT16)), shape(rng, 0, 5)
    before = quantized(rng, dtype)
    after = before if rng.random() < 0.3 else quantized(rng, dtype, before.scale / 20, before.scale * 20)
    return single("RELU", [Tensor("x", size, dtype, before)], Tensor("y", size, dtype, after), Attrs())


test_sample = sample(make)
test_many = many(make)


def test_refuses() -> None:
    x = Tensor("x", (4,), DType.INT16, quant(0.1, 1))
    refused(single("RELU", [x], Tensor("y", (4,), DType.INT16, quant(0.1)), Attrs()), "zero point")
    refused(single("RELU", [x], Tensor("y", (5,), DType.INT16, quant(0.1)), Attrs()), "shapes")
