"""BATCH_MATMUL equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, many, pick, quantized, refused, sample
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.batch_matmul.op import BatchMatmulAttrs

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype = pick(rng, TYPES)
    m, k, n = (int(rng.choice([1, 2, 3, 4, 7, 8, 16, 17])) for _ in range(3))
    batches = tuple(int(rng.integers(1, 4)) for _ in range(int(rng.integers(0, 4))))
    first = tuple(1 if rng.random() < 0.3 else b for b in batches)
    second = tuple(1 if rng.random() < 0.3 else b for b in batches)
    batches = tuple(max(a, b) for a, b in zip(first, second, strict=True))
    adj_x, adj_y = bool(rng.integers(2)), bool(rng.integers(2))
    quants = [None, None, None]
    if dtype is not DType.FLOAT32:
        a, b = quantized(rng, dtype), quantized(rng, dtype)
        product = a.scale * b.scale
        quants = [a, b, quantized(rng, dtype, product / 2, product * (3e3 if dtype is DType.INT8 else 3e5))]
    x = Tensor("x", (*first, *((k, m) if adj_x else (m, k))), dtype, quants[0])
    size = (*second, *((n, k) if adj_y else (k, n)))
    data = rng.integers(-128, 128, size).astype(dtype.numpy) if rng.random() < 0.3 else None
    y = Tensor("y", size, dtype, quants[1], data)
    return single(
        "BATCH_MATMUL",
        [x, y],
        Tensor("z", (*batches, m, n), dtype, quants[2]),
        BatchMatmulAttrs(adj_x, adj_y),
    )


test_sample = sample(make, 24)
test_many = many(make)


def test_refuses() -> None:
    x, y = Tensor("x", (2, 3), DType.INT8, quant(0.1)), Tensor("y", (2, 4), DType.INT8, quant(0.1))
    refused(single("BATCH_MATMUL", [x, y], y, BatchMatmulAttrs()), "inner sizes differ")
    refused(
        single("BATCH_MATMUL", [x, Tensor("v", (3,), DType.INT8, quant(0.1))], y, BatchMatmulAttrs()), "rank"
    )
    deep = Tensor("d", (5, 3, 4), DType.INT8, quant(0.1))
    refused(
        single("BATCH_MATMUL", [Tensor("e", (2, 2, 3), DType.INT8), deep], y, BatchMatmulAttrs()), "broadcast"
    )
