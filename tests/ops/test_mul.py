"""MUL equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import FUSED, Rng, broadcastable, many, pick, quantized, refused, sample
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.mul.op import MulAttrs


def make(rng: Rng) -> Graph:
    dtype = pick(rng, (DType.INT8, DType.INT8, DType.INT16))
    first, second, out = broadcastable(rng, 4)
    quants = [quantized(rng, dtype) for _ in range(2)]
    product = quants[0].scale * quants[1].scale
    return single(
        "MUL",
        [Tensor("a", first, dtype, quants[0]), Tensor("b", second, dtype, quants[1])],
        Tensor("y", out, dtype, quantized(rng, dtype, product / 4, product * 3e4)),
        MulAttrs(pick(rng, FUSED)),
    )


test_sample = sample(make, 20)
test_many = many(make)


def test_refuses() -> None:
    a, y = (Tensor(name, (2, 3), DType.INT16, quant(0.1)) for name in "ay")
    refused(single("MUL", [a, Tensor("b", (3,), DType.INT16, quant(0.1, 3))], y, MulAttrs()), "zero point", "int16")
    refused(single("MUL", [a, a], Tensor("y", (2, 3), DType.INT16, quant(1e-20)), MulAttrs()), "ratio")
