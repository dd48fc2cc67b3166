"""MINIMUM and MAXIMUM equal TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, broadcastable, many, pick, quantized, refused, sample
from tinyml_compress.ir import Attrs, DType, Graph, Tensor

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype, (first, second, out) = pick(rng, TYPES), broadcastable(rng, 5)
    one = quantized(rng, dtype) if dtype in (DType.INT8, DType.INT16) else None
    a, b, y = (Tensor(name, size, dtype, one) for name, size in (("a", first), ("b", second), ("y", out)))
    return single(pick(rng, ("MINIMUM", "MAXIMUM")), [a, b], y, Attrs())


test_sample = sample(make, 24)
test_many = many(make)


def test_refuses() -> None:
    a, b = Tensor("a", (4,), DType.INT8, quant(0.1)), Tensor("b", (4,), DType.INT8, quant(0.2))
    refused(single("MINIMUM", [a, b], a, Attrs()), "same scale")
    refused(single("MAXIMUM", [Tensor("u", (4,), DType.UINT8)] * 2, b, Attrs()), "element type", "u8")
