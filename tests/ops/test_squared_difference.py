"""SQUARED_DIFFERENCE equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, broadcastable, many, pick, quantized, refused, sample
from tinyml_compress.ir import Attrs, DType, Graph, Tensor

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype, (first, second, out) = pick(rng, TYPES), broadcastable(rng, 4)
    quants = [None, None, None]
    if dtype in (DType.INT8, DType.INT16):
        a, b = quantized(rng, dtype), quantized(rng, dtype)
        square = max(a.scale, b.scale) ** 2
        quants = [a, b, quantized(rng, dtype, square / 4, square * 3e4)]
    a, b, y = (
        Tensor(name, size, dtype, q)
        for name, size, q in zip("aby", (first, second, out), quants, strict=True)
    )
    return single("SQUARED_DIFFERENCE", [a, b], y, Attrs())


test_sample = sample(make, 24)
test_many = many(make)


def test_refuses() -> None:
    a, b = Tensor("a", (4,), DType.INT16, quant(0.1, 3)), Tensor("b", (4,), DType.INT16, quant(0.2))
    refused(single("SQUARED_DIFFERENCE", [a, b], b, Attrs()), "zero point")
