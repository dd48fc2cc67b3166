"""PRELU equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 4)
    spread = tuple(1 if rng.random() < 0.5 else n for n in size)[int(rng.integers(len(size))) :]
    if dtype is DType.FLOAT32:
        before = alpha = after = None
    else:
        before, alpha = quantized(rng, dtype), quantized(rng, DType.INT8, 1e-3, 0.02)
        after = quantized(rng, dtype, before.scale / 8, before.scale * 8)
    weights = DType.FLOAT32 if dtype is DType.FLOAT32 else DType.INT8
    values = None if rng.random() < 0.5 else rng.integers(-100, 100, spread).astype(weights.numpy)
    inputs = [Tensor("x", size, dtype, before), Tensor("alpha", spread, weights, alpha, values)]
    return single("PRELU", inputs, Tensor("y", size, dtype, after), Attrs())


test_sample = sample(make, 24)
test_many = many(make)


def test_refuses() -> None:
    x, y = (Tensor(name, (2, 4), DType.INT8, quant(0.1)) for name in "xy")
    refused(
        single("PRELU", [x, Tensor("a", (3, 2, 4), DType.INT8, quant(0.1))], y, Attrs()), "shape of alpha"
    )
    refused(single("PRELU", [x, Tensor("a", (4,), DType.FLOAT32)], y, Attrs()), "alpha", "f32")
