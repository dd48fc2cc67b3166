"""TANH equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, many, quantized, refused, sample
from tinyml_compress.ir import Attrs, DType, Graph, Tensor

WHOLE = (2, 128)
"""Room for every int8 value: the ramp vector holds each once."""


def make(rng: Rng) -> Graph:
    x = Tensor("x", WHOLE, DType.INT8, quantized(rng, DType.INT8, 1e-6, 3.9))
    return single("TANH", [x], Tensor("y", WHOLE, DType.INT8, quant(1 / 128)), Attrs())


test_sample = sample(make, 40)
test_many = many(make)


def test_refuses() -> None:
    y = Tensor("y", (4,), DType.INT8, quant(1 / 128))
    refused(single("TANH", [Tensor("x", (4,), DType.INT8, quant(100.0))], y, Attrs()), "scale of the input")
