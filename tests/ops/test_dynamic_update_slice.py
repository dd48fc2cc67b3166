"""DYNAMIC_UPDATE_SLICE equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import const, graph, single, tensor
from tests.lib.proof import Rng, many, pick, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Node, Tensor

TYPES = (DType.INT8, DType.INT32, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 6)
    part = tuple(int(rng.integers(1, have + 1)) for have in size)
    whole, update = Tensor("x", size, dtype), Tensor("u", part, dtype)
    places = DType.INT64 if rng.random() < 0.3 else DType.INT32
    start = [int(rng.integers(-2, have + 2)) for have in size]
    held = const("s", start, dtype=places) if rng.random() < 0.7 else Tensor("s", (len(size),), places)
    if rng.random() < 0.2:
        held = Tensor("s", (len(size),), places)
    return single("DYNAMIC_UPDATE_SLICE", [whole, update, held], Tensor("y", size, dtype), Attrs())


def in_place(rng: Rng) -> Graph:
    """What is updated is made by another node and used no more, so that nothing needs to be copied."""
    size = (int(rng.integers(2, 6)), int(rng.integers(2, 6)))
    x, u = (Tensor(name, shape_, DType.FLOAT32) for name, shape_ in (("x", size), ("u", (1, size[1]))))
    middle, y = (Tensor(name, size, DType.FLOAT32) for name in ("m", "y"))
    nodes = [
        Node("NEG", ("x",), ("m",), Attrs(), "neg"),
        Node("DYNAMIC_UPDATE_SLICE", ("m", "u", "s"), ("y",), Attrs(), "put"),
    ]
    start = Tensor("s", (2,), DType.INT32)
    return graph([x, u, start, middle, y], nodes, ["x", "u", "s"], ["y"])


test_sample = sample(make, 24)
test_in_place = sample(in_place, 4)
test_many = many(make)


def test_refuses() -> None:
    x, u = tensor("x", (2, 3), dtype=DType.INT32), tensor("u", (2, 4), dtype=DType.INT32)
    start = const("s", np.zeros(2), dtype=DType.INT32)
    refused(single("DYNAMIC_UPDATE_SLICE", [x, u, start], x, Attrs()), "size of the update", "(2, 4)")
    short = const("s", np.zeros(1), dtype=DType.INT32)
    refused(single("DYNAMIC_UPDATE_SLICE", [x, x, short], x, Attrs()), "shape of the start")
