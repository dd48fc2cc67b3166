"""SPLIT, SPLIT_V and UNPACK equal TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, ints, many, pick, refused, sample, shape
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.split.op import SplitAttrs
from tinyml_compress.ops.split_v.op import SplitVAttrs
from tinyml_compress.ops.unpack.op import UnpackAttrs

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


def split(rng: Rng) -> Graph:
    dtype, base = pick(rng, TYPES), list(shape(rng, 1, 4, 100))
    axis, count = int(rng.integers(len(base))), int(rng.integers(1, 5))
    part = (*base[:axis], base[axis], *base[axis + 1 :])
    whole = (*base[:axis], base[axis] * count, *base[axis + 1 :])
    outs = [Tensor(f"y{index}", part, dtype) for index in range(count)]
    named = axis - pick(rng, (0, len(base)))
    return single("SPLIT", [ints("axis", named), Tensor("x", whole, dtype)], outs, SplitAttrs(count))


def split_v(rng: Rng) -> Graph:
    dtype, base = pick(rng, TYPES), list(shape(rng, 1, 4, 100))
    axis = int(rng.integers(len(base)))
    sizes = [int(rng.integers(1, 5)) for _ in range(int(rng.integers(1, 5)))]
    outs = [
        Tensor(f"y{index}", (*base[:axis], size, *base[axis + 1 :]), dtype)
        for index, size in enumerate(sizes)
    ]
    x = Tensor("x", (*base[:axis], sum(sizes), *base[axis + 1 :]), dtype)
    if rng.random() < 0.3:
        sizes[int(rng.integers(len(sizes)))] = -1
    named = axis - pick(rng, (0, len(base)))
    return single("SPLIT_V", [x, ints("sizes", sizes), ints("axis", named)], outs, SplitVAttrs(len(sizes)))


def unpack(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 4, 200)
    axis = int(rng.integers(len(size)))
    part = (*size[:axis], *size[axis + 1 :])
    outs = [Tensor(f"y{index}", part, dtype) for index in range(size[axis])]
    named = axis - pick(rng, (0, len(size)))
    return single("UNPACK", [Tensor("x", size, dtype)], outs, UnpackAttrs(size[axis], named))


test_split = sample(split)
test_split_v = sample(split_v)
test_unpack = sample(unpack)
test_many_split = many(split, 60)
test_many_split_v = many(split_v, 60)
test_many_unpack = many(unpack, 60)


def test_refuses() -> None:
    x, y = Tensor("x", (4, 6), DType.INT8, quant(0.1)), Tensor("y", (4, 3), DType.INT8, quant(0.1))
    z = Tensor("z", (4, 3), DType.INT8, quant(0.1))
    refused(single("SPLIT", [ints("axis", 5), x], [y, z], SplitAttrs(2)), "axis out of range")
    refused(single("SPLIT", [ints("axis", 1), x], [y, z, y, z], SplitAttrs(4)), "equal parts")
    refused(single("SPLIT", [ints("axis", 1), x], [y, z], SplitAttrs(3)), "number of outputs", "3")
    refused(
        single("SPLIT_V", [x, ints("s", [3, 4]), ints("axis", 1)], [y, z], SplitVAttrs(2)), "do not add up"
    )
    refused(
        single("SPLIT_V", [x, ints("s", [-1, -1]), ints("axis", 1)], [y, z], SplitVAttrs(2)), "at most one"
    )
    run_time = Tensor("s", (2,), DType.INT32)
    refused(single("SPLIT_V", [x, run_time, ints("axis", 1)], [y, z], SplitVAttrs(2)), "at run time")
    refused(single("UNPACK", [x], [y, z], UnpackAttrs(2, 1)), "number of outputs")
