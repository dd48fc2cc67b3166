"""MEAN and SUM equal TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, ints, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._reduce import ReduceAttrs


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, (DType.INT8, DType.INT8, DType.INT16, DType.FLOAT32)), shape(rng, 1, 5)
    if rng.random() < 0.3:
        size, axes = (1, int(rng.integers(1, 9)), int(rng.integers(1, 9)), int(rng.integers(1, 40))), [1, 2]
    else:
        axes = rng.permutation(len(size))[: int(rng.integers(1, len(size) + 1))].tolist()
    keep = bool(rng.integers(2))
    after = tuple(1 if axis in axes else n for axis, n in enumerate(size) if keep or axis not in axes)
    op = pick(rng, ("MEAN", "MEAN", "SUM"))
    before = target = None
    if dtype is not DType.FLOAT32:
        before = quantized(rng, dtype)
        target = before if rng.random() < 0.3 else quantized(rng, dtype, before.scale / 30, before.scale * 30)
    named = [axis - pick(rng, (0, len(size))) for axis in axes]
    return single(
        op,
        [Tensor("x", size, dtype, before), ints("axes", named)],
        Tensor("y", after, dtype, target),
        ReduceAttrs(keep),
    )


test_sample = sample(make, 30)
test_many = many(make)


def test_refuses() -> None:
    x, y = Tensor("x", (2, 3, 4, 5), DType.INT8, quant(0.1)), Tensor("y", (2,), DType.INT8, quant(0.1))
    refused(single("MEAN", [x, ints("axes", [4])], y, ReduceAttrs()), "axis out of range")
    refused(single("MEAN", [x, Tensor("axes", (1,), DType.INT32)], y, ReduceAttrs()), "at run time")
