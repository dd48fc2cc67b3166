"""TANH equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, many, quantized, refused, sample, scale
from tinyml_compress.ir import Attrs, DType, Graph, Tensor

WHOLE = (2, 128)
"""Room for every int8 value: the ramp vector holds each once."""


def make(rng: Rng) -> Graph:
    x = Tensor("x", WHOLE, DType.INT8, quantized(rng, DType.INT8, 1e-6, 3.9))
    return single("TANH", [x], Tensor("y", WHOLE, DType.INT8, quant(1 / 128)), Attrs())


def int16(rng: Rng) -> Graph:
    power = 2.0 ** -int(rng.integers(9, 15))
    before = quant(power if rng.random() < 0.4 else scale(rng, 1e-6, 2.6))
    x, y = Tensor("x", (512,), DType.INT16, before), Tensor("y", (512,), DType.INT16, quant(2.0**-15))
    return single("TANH", [x], y, Attrs())


test_sample = sample(make, 40)
test_int16 = sample(int16, 20, 6)
test_many = many(make)
test_many_int16 = many(int16, 100, 8)


def test_refuses() -> None:
    y = Tensor("y", (4,), DType.INT8, quant(1 / 128))
    refused(single("TANH", [Tensor("x", (4,), DType.INT8, quant(100.0))], y, Attrs()), "scale of the input")
    wide, odd_scale = Tensor("x", (4,), DType.INT16, quant(0.1)), Tensor("y", (4,), DType.INT16, quant(0.1))
    refused(single("TANH", [wide], odd_scale, Attrs()), "scale of the output", "1/32768")
    tiny, full = (
        Tensor("x", (4,), DType.INT16, quant(1e-20)),
        Tensor("y", (4,), DType.INT16, quant(1 / 32768)),
    )
    refused(single("TANH", [tiny], full, Attrs()), "scale of the input", "2^-40")
