"""GATHER and GATHER_ND equal TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import single
from tests.lib.proof import Rng, ints, many, pick, refused, sample, shape
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops.gather.op import GatherAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm

TYPES = (DType.INT8, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 4, 300)
    axis = int(rng.integers(len(size)))
    batches = int(rng.integers(axis + 1)) if rng.random() < 0.4 else 0
    picks = (*size[:batches], *shape(rng, 0, 2, 6))
    indices = ints("indices", rng.integers(0, size[axis], picks))
    y = Tensor("y", (*size[:axis], *picks[batches:], *size[axis + 1 :]), dtype)
    return single(
        "GATHER",
        [Tensor("x", size, dtype), indices],
        y,
        GatherAttrs(axis - pick(rng, (0, len(size))), batches),
    )


def nd(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 4, 300)
    depth = int(rng.integers(1, len(size) + 1))
    picks = shape(rng, 0, 2, 6)
    values = np.stack([rng.integers(0, size[axis], picks) for axis in range(depth)], -1)
    y = Tensor("y", (*picks, *size[depth:]), dtype)
    return single("GATHER_ND", [Tensor("x", size, dtype), ints("indices", values)], y, Attrs())


test_sample = sample(make, 20)
test_nd = sample(nd)
test_many = many(make)
test_many_nd = many(nd)


def test_indices_at_run_time() -> None:
    x = Tensor("x", (7, 5), DType.INT8, None, np.arange(35, dtype=np.int8).reshape(7, 5))
    model = write(
        single("GATHER", [x, Tensor("i", (4,), DType.INT32)], Tensor("y", (4, 5), DType.INT8), GatherAttrs(0))
    )
    (ours,) = native.load([compile_model(model, "m")])
    oracle = tflm.Interpreter(model)
    rng = np.random.default_rng(0)
    for _ in range(5):
        picks = rng.integers(0, 7, 4).astype(np.int32)
        assert (ours.invoke([picks])[0] == oracle.invoke([picks])[0]).all()
    outside = np.array([-9, 2**31 - 1, 7, 0], np.int32)  # TFLM stops with an error; ours stays inside
    assert ours.invoke([outside])[0][:, 0].tolist() == [0, 30, 30, 0]


def test_refuses() -> None:
    x, y = Tensor("x", (3, 4), DType.INT8), Tensor("y", (2, 4), DType.INT8)
    refused(single("GATHER", [x, ints("i", [0, 3])], y, GatherAttrs(0)), "index outside", "3")
    refused(single("GATHER", [x, ints("i", [0, 1])], y, GatherAttrs(2)), "axis out of range")
    refused(single("GATHER", [x, ints("i", [0, 1])], y, GatherAttrs(0, 1)), "batch_dims")
    refused(single("GATHER", [x, Tensor("i", (2,), DType.INT16)], y, GatherAttrs(0)), "the indices", "i16")
    refused(single("GATHER_ND", [x, ints("i", [[0, 4]])], y, Attrs()), "index outside its axis")
    refused(single("GATHER_ND", [x, ints("i", [[0, 1, 2]])], y, Attrs()), "indices per slice", "1 to 2")
