"""SOFTMAX equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import single, tensor
from tests.lib.proof import Rng, many, pick, refused, sample, shape
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.base import Isa
from tinyml_compress.ops.softmax.op import SoftmaxAttrs


def int8(rng: Rng) -> Graph:
    size = (*shape(rng, 1, 2, 6), pick(rng, (1, 2, 3, 4, 7, 10, 16, 33, 150, 500)))
    scale = float(pick(rng, (1e-5, 1e-3, 0.01, 0.05, 0.08, 0.1, 0.2, 1.0, 10.0)))
    x, y = tensor("x", size, scale, int(rng.integers(-128, 128))), tensor("y", size, 1 / 256, -128)
    return single("SOFTMAX", [x], y, SoftmaxAttrs(float(pick(rng, (1.0, 1.0, 0.5, 2.0)))))


def int16(rng: Rng) -> Graph:
    size = (*shape(rng, 1, 3, 12), pick(rng, (1, 2, 3, 10, 33, 100, 300)))
    scale = float(pick(rng, (1e-7, 1e-5, 1e-4, 1 / 32768, 3e-4, 0.002, 0.1, 1.0)))
    beta = float(pick(rng, (1.0, 1.0, 0.5, 2.0, 10.0)))
    out = tensor("y", size, 1 / 32768, dtype=DType.INT16)
    return single("SOFTMAX", [tensor("x", size, scale, dtype=DType.INT16)], out, SoftmaxAttrs(beta))


def float32(rng: Rng) -> Graph:
    size = (*shape(rng, 1, 3, 12), pick(rng, (1, 2, 3, 10, 33, 100, 300)))
    x, y = Tensor("x", size, DType.FLOAT32), Tensor("y", size, DType.FLOAT32)
    return single("SOFTMAX", [x], y, SoftmaxAttrs(float(pick(rng, (1.0, 1.0, 0.5, 2.0, 10.0)))))


test_int8_by_words = sample(int8, 24, isas=Isa.DSP.sets)
test_int16 = sample(int16, 12)
test_float32 = sample(float32, 8)
test_many_int8 = many(int8)
test_many_int8_by_words = many(int8, isas=Isa.DSP.sets)
test_many_int16 = many(int16, 60)
test_many_float32 = many(float32, 40)


def test_refuses() -> None:
    x = tensor("x", (2, 3), 1.0, dtype=DType.INT16)
    refused(
        single("SOFTMAX", [x], tensor("y", (2, 3), 1 / 65536, dtype=DType.INT16), SoftmaxAttrs()), "1/32768"
    )
    refused(single("SOFTMAX", [x], tensor("y", (2, 3), 1 / 256, -128), SoftmaxAttrs()), "the output", "i16")
    y = Tensor("y", (2, 3), DType.FLOAT32)
    refused(single("SOFTMAX", [Tensor("x", (2, 3), DType.FLOAT32)], y, SoftmaxAttrs(float(np.inf))), "beta")
