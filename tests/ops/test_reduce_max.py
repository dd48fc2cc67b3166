"""REDUCE_MAX, REDUCE_MIN, REDUCE_ALL, ARG_MAX and ARG_MIN equal TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, ints, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._arguments import ArgExtremeAttrs
from tinyml_compress.ops._reduce import ReduceAttrs

TYPES = (DType.INT8, DType.INT8, DType.FLOAT32)
REDUCTIONS = ("REDUCE_MAX", "REDUCE_MIN")


def reduce(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 5)
    axes = rng.permutation(len(size))[: int(rng.integers(1, len(size) + 1))].tolist()
    keep = bool(rng.integers(2))
    after = tuple(1 if axis in axes else n for axis, n in enumerate(size) if keep or axis not in axes)
    both = quantized(rng, dtype) if dtype is DType.INT8 else None
    named = [axis - pick(rng, (0, len(size))) for axis in axes]
    x, y = Tensor("x", size, dtype, both), Tensor("y", after, dtype, both)
    return single(pick(rng, REDUCTIONS), [x, ints("axes", named)], y, ReduceAttrs(keep))


def all_true(rng: Rng) -> Graph:
    size = shape(rng, 1, 4)
    axes = rng.permutation(len(size))[: int(rng.integers(1, len(size) + 1))].tolist()
    keep = bool(rng.integers(2))
    after = tuple(1 if axis in axes else n for axis, n in enumerate(size) if keep or axis not in axes)
    x, y = Tensor("x", size, DType.BOOL), Tensor("y", after, DType.BOOL)
    return single("REDUCE_ALL", [x, ints("axes", axes)], y, ReduceAttrs(keep))


def argument(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 5)
    axis = int(rng.integers(len(size)))
    x, y = Tensor("x", size, dtype), Tensor("y", (*size[:axis], *size[axis + 1 :]), DType.INT32)
    named = ints("axis", pick(rng, (axis, axis - len(size))))
    return single(pick(rng, ("ARG_MAX", "ARG_MIN")), [x, named], y, ArgExtremeAttrs())


test_reduce = sample(reduce, 20)
test_all_true = sample(all_true, 8)
test_argument = sample(argument, 20)
test_many_reduce = many(reduce)
test_many_argument = many(argument)


def test_refuses() -> None:
    x, y = Tensor("x", (2, 3), DType.INT8, quant(0.1)), Tensor("y", (2,), DType.INT8, quant(0.2))
    refused(single("REDUCE_MAX", [x, ints("axes", [1])], y, ReduceAttrs()), "same scale")
    long = Tensor("y", (2,), DType.INT64)
    refused(single("ARG_MAX", [x, ints("axis", [1])], long, ArgExtremeAttrs()), "the output", "i64")
    refused(single("ARG_MIN", [x, ints("axis", [2])], long, ArgExtremeAttrs()), "i64")
