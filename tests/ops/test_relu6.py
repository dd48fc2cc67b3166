"""RELU6 on its own equals TFLM byte for byte: it clamps in the input's quantization."""

from __future__ import annotations

from tests.lib.graphs import single
from tests.lib.proof import Rng, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, (DType.INT8, DType.INT16)), shape(rng, 0, 5)
    before = quantized(rng, dtype)
    return single(
        "RELU6", [Tensor("x", size, dtype, before)], Tensor("y", size, dtype, quantized(rng, dtype)), Attrs()
    )


test_sample = sample(make)
test_many = many(make)


def test_refuses() -> None:
    x = Tensor("x", (4,), DType.INT8, None)
    refused(single("RELU6", [x], Tensor("y", (4,), DType.INT8, None), Attrs()), "no quantization")
