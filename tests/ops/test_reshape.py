"""RESHAPE, SQUEEZE and EXPAND_DIMS keep every byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import graph, quant, single, tensor
from tests.lib.proof import Rng, ints, many, pick, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Node, Tensor
from tinyml_compress.ops.reshape.op import ReshapeAttrs
from tinyml_compress.ops.squeeze.op import SqueezeAttrs
from tinyml_compress.pipeline.compile.verb import compile_graph

TYPES = (DType.INT8, DType.UINT8, DType.BOOL, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)


def reshape(rng: Rng) -> Graph:
    before, dtype = shape(rng, 1, 5), pick(rng, TYPES)
    after = tuple(rng.permutation(before).tolist())
    wanted = list(after)
    if rng.random() < 0.5:
        wanted[int(rng.integers(len(wanted)))] = -1
    x, y = Tensor("x", before, dtype), Tensor("y", after, dtype)
    if rng.random() < 0.3:
        return single("RESHAPE", [x], y, ReshapeAttrs(tuple(wanted)))
    return single("RESHAPE", [x, ints("shape", wanted)], y, ReshapeAttrs(tuple(wanted)))


def squeeze(rng: Rng) -> Graph:
    before, dtype = (*shape(rng, 1, 3), 1), pick(rng, TYPES)
    ones = [axis for axis, size in enumerate(before) if size == 1]
    gone = ones if rng.random() < 0.5 else [pick(rng, ones)]
    named = (
        ()
        if gone == ones and rng.random() < 0.5
        else tuple(axis - pick(rng, (0, len(before))) for axis in gone)
    )
    after = tuple(size for axis, size in enumerate(before) if axis not in gone)
    return single("SQUEEZE", [Tensor("x", before, dtype)], Tensor("y", after, dtype), SqueezeAttrs(named))


def expand(rng: Rng) -> Graph:
    before, dtype = shape(rng, 0, 4), pick(rng, (DType.INT8, DType.INT16, DType.FLOAT32))
    axis = int(rng.integers(-len(before) - 1, len(before) + 1))
    after = np.expand_dims(np.empty(before), axis).shape
    return single(
        "EXPAND_DIMS", [Tensor("x", before, dtype), ints("axis", axis)], Tensor("y", after, dtype), Attrs()
    )


test_reshape = sample(reshape)
test_squeeze = sample(squeeze)
test_expand = sample(expand)
test_many_reshape = many(reshape, 60)
test_many_squeeze = many(squeeze, 60)
test_many_expand = many(expand, 60)


def test_nothing_is_left_of_them_between_other_nodes() -> None:
    names = [
        tensor(name, size, 0.1) for name, size in (("a", (2, 3)), ("b", (6,)), ("c", (6,)), ("d", (1, 6)))
    ]
    nodes = [
        Node("RELU6", ("a",), ("a2",), Attrs()),
        Node("RESHAPE", ("a2",), ("b",), ReshapeAttrs((6,))),
        Node("RELU6", ("b",), ("c",), Attrs()),
        Node("EXPAND_DIMS", ("c", "axis"), ("d",), Attrs()),
    ]
    made = graph([*names, tensor("a2", (2, 3), 0.1), ints("axis", 0)], nodes, ["a"], ["d"])
    program = compile_graph(made, "m", model_sha256="0", using=())
    assert [node.op for node in program.nodes] == ["RELU6", "RELU6"]


def test_refuses() -> None:
    x = Tensor("x", (2, 3), DType.INT8, quant(0.1))
    refused(
        single("RESHAPE", [x], Tensor("y", (7,), DType.INT8), ReshapeAttrs((7,))), "number of elements", "6"
    )
    refused(single("RESHAPE", [x], Tensor("y", (6,), DType.INT16), ReshapeAttrs((6,))), "element type")
    refused(
        single("SQUEEZE", [x], Tensor("y", (2,), DType.INT8), SqueezeAttrs((1,))), "cannot vanish", "(2, 3)"
    )
    refused(single("SQUEEZE", [x], Tensor("y", (2,), DType.INT8), SqueezeAttrs((2,))), "axis out of range")
    axis = Tensor("axis", (1,), DType.INT32)
    refused(
        single("EXPAND_DIMS", [x, axis], Tensor("y", (1, 2, 3), DType.INT8), Attrs()),
        "at run time",
        "tensor axis",
    )
    refused(single("EXPAND_DIMS", [x, ints("axis", 3)], Tensor("y", (1, 2, 3), DType.INT8), Attrs()), "axis")
