"""SELECT_V2, CAST and REVERSE_V2 equal TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, broadcastable, ints, many, pick, refused, sample, shape
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops.cast.op import CastAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm

TYPES = (DType.INT8, DType.INT16, DType.FLOAT32)
CASTS = (DType.INT8, DType.INT16, DType.INT32, DType.UINT32, DType.BOOL, DType.FLOAT32)
REVERSED = (DType.INT8, DType.UINT8, DType.INT16, DType.INT32, DType.INT64, DType.BOOL, DType.FLOAT32)


def select(rng: Rng) -> Graph:
    dtype, (first, second, out) = pick(rng, TYPES), broadcastable(rng, 4)
    third = tuple(1 if rng.random() < 0.4 else size for size in out)
    names = dict(zip(rng.permutation(["c", "a", "b"]).tolist(), (first, second, third), strict=True))
    inputs = [
        Tensor("c", names["c"], DType.BOOL),
        Tensor("a", names["a"], dtype),
        Tensor("b", names["b"], dtype),
    ]
    return single("SELECT_V2", inputs, Tensor("y", out, dtype), Attrs())


def cast(rng: Rng) -> Graph:
    source, target, size = pick(rng, CASTS), pick(rng, CASTS), shape(rng)
    return single("CAST", [Tensor("x", size, source)], Tensor("y", size, target), CastAttrs())


def reverse(rng: Rng) -> Graph:
    dtype, size = pick(rng, REVERSED), shape(rng, 1, 5)
    first = int(rng.integers(len(size)))
    axes = list(range(first, int(rng.integers(first, len(size))) + 1))
    x, y = Tensor("x", size, dtype), Tensor("y", size, dtype)
    return single("REVERSE_V2", [x, ints("axes", axes)], y, Attrs())


test_select = sample(select)
test_cast = sample(cast, 30)
test_reverse = sample(reverse)
test_many_select = many(select)
test_many_cast = many(cast)
test_many_reverse = many(reverse)


def test_floats_that_no_integer_holds() -> None:
    given = np.array(
        [np.nan, np.inf, -np.inf, 3e9, -3e9, 127.9, 128.0, -128.9, -129.0, 2147483520.0, 0.5], np.float32
    )
    for dtype in (DType.INT8, DType.INT16, DType.INT32, DType.BOOL):
        x, y = Tensor("x", given.shape, DType.FLOAT32), Tensor("y", given.shape, dtype)
        model = write(single("CAST", [x], y, CastAttrs()))
        (ours,) = native.load([compile_model(model, "m")])
        assert ours.invoke([given])[0].tolist() == tflm.Interpreter(model).invoke([given])[0].tolist()


def test_refuses() -> None:
    c, x = Tensor("c", (2, 3), DType.BOOL), Tensor("x", (2, 3), DType.INT8, quant(0.1))
    refused(
        single("SELECT_V2", [c, x, Tensor("z", (2, 3), DType.INT8, quant(0.2))], x, Attrs()), "same scale"
    )
    refused(single("SELECT_V2", [x, x, x], x, Attrs()), "the condition")
    refused(single("SELECT_V2", [c, x, Tensor("z", (2, 4), DType.INT8, quant(0.1))], x, Attrs()), "broadcast")
    refused(single("CAST", [Tensor("u", (3,), DType.UINT8)], c, CastAttrs()), "element type", "u8")
    deep = Tensor("d", (2, 3, 4), DType.INT8)
    refused(single("REVERSE_V2", [deep, ints("axes", [0, 2])], deep, Attrs()), "the axes")
