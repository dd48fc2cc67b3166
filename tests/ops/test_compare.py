"""EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL and the logical operators equal TFLM byte for
byte.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, broadcastable, many, pick, quantized, refused, sample
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm

OPS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
TYPES = (DType.INT8, DType.INT8, DType.INT32, DType.INT64, DType.FLOAT32, DType.BOOL)


def compare(rng: Rng) -> Graph:
    dtype, (first, second, out) = pick(rng, TYPES), broadcastable(rng, 4)
    op = pick(rng, OPS[:2] if dtype is DType.BOOL else OPS)
    quants = [None, None]
    if dtype is DType.INT8:
        quants = [quantized(rng, dtype, 1e-3, 0.49), quantized(rng, dtype, 1e-3, 0.49)]
        quants = quants if rng.random() < 0.5 else [quants[0], quants[0]]
    a, b = Tensor("a", first, dtype, quants[0]), Tensor("b", second, dtype, quants[1])
    return single(
        op, [a, a if first == second and rng.random() < 0.1 else b], Tensor("y", out, DType.BOOL), Attrs()
    )


def logical(rng: Rng) -> Graph:
    first, second, out = broadcastable(rng, 4)
    a, b = Tensor("a", first, DType.BOOL), Tensor("b", second, DType.BOOL)
    return single(pick(rng, ("LOGICAL_AND", "LOGICAL_OR")), [a, b], Tensor("y", out, DType.BOOL), Attrs())


test_compare = sample(compare, 36)
test_logical = sample(logical, 8)
test_many_compare = many(compare, 200)
test_many_logical = many(logical, 40)


@pytest.mark.parametrize("op", OPS)
def test_floats_that_cannot_be_compared(op: str) -> None:
    a, b, y = (
        Tensor("a", (4,), DType.FLOAT32),
        Tensor("b", (4,), DType.FLOAT32),
        Tensor("y", (4,), DType.BOOL),
    )
    model = write(single(op, [a, b], y, Attrs()))
    (ours,) = native.load([compile_model(model, "m")])
    given = [
        np.array([np.nan, 1, np.nan, np.inf], np.float32),
        np.array([1, np.nan, np.nan, np.inf], np.float32),
    ]
    assert (ours.invoke(given)[0] == tflm.Interpreter(model).invoke(given)[0]).all()


def test_refuses() -> None:
    a, y = Tensor("a", (4,), DType.INT8, quant(1.5)), Tensor("y", (4,), DType.BOOL)
    refused(single("EQUAL", [a, a], y, Attrs()), "scale of tensor a", "below 1")
    refused(single("LESS", [Tensor("b", (4,), DType.BOOL)] * 2, y, Attrs()), "element type", "bool")
    refused(single("LOGICAL_AND", [a, a], y, Attrs()), "element type", "i8")
