"""EMBEDDING_LOOKUP and SHAPE equal TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, ints, many, pick, refused, sample, scale, shape
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops.shape.op import ShapeAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native

PAIRS = ((DType.INT8, DType.INT8), (DType.INT8, DType.FLOAT32), (DType.FLOAT32, DType.FLOAT32))


def embedding(rng: Rng) -> Graph:
    source, target = pick(rng, PAIRS)
    size, count = shape(rng, 2, 4, 300), int(rng.integers(1, 8))
    table = Tensor("table", size, source, quant(scale(rng)) if source is DType.INT8 else None)
    picks = ints("picks", rng.integers(0, size[0], count))
    return single("EMBEDDING_LOOKUP", [picks, table], Tensor("y", (count, *size[1:]), target), Attrs())


def sizes(rng: Rng) -> Graph:
    size = shape(rng, 1, 5)
    x = Tensor("x", size, pick(rng, (DType.INT8, DType.FLOAT32)))
    return single("SHAPE", [x], Tensor("y", (len(size),), DType.INT32), ShapeAttrs())


test_embedding = sample(embedding)
test_sizes = sample(sizes, 6)
test_many_embedding = many(embedding, 60)


def test_an_index_outside_stays_inside() -> None:
    table = Tensor("table", (3, 2), DType.INT8, None, np.arange(6, dtype=np.int8).reshape(3, 2))
    picks, y = Tensor("picks", (3,), DType.INT32), Tensor("y", (3, 2), DType.INT8)
    (ours,) = native.load([compile_model(write(single("EMBEDDING_LOOKUP", [picks, table], y, Attrs())), "m")])
    assert ours.invoke([np.array([-1, 99, 1], np.int32)])[0].tolist() == [[0, 1], [4, 5], [2, 3]]


def test_refuses() -> None:
    table, y = Tensor("t", (3, 2), DType.INT8, quant(0.1, 3)), Tensor("y", (3, 2), DType.FLOAT32)
    refused(
        single("EMBEDDING_LOOKUP", [Tensor("p", (3,), DType.INT32), table], y, Attrs()), "zero point", "3"
    )
    refused(single("SHAPE", [table], Tensor("s", (2,), DType.INT64), ShapeAttrs()), "the output", "i64")
    refused(
        single("EMBEDDING_LOOKUP", [ints("p", [0, 3]), table], y, Attrs()), "index outside the table", "3"
    )
