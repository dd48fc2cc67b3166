"""BROADCAST_ARGS equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np
import pytest

from tests.lib.graphs import single, tensor
from tests.lib.proof import Rng, refused
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm


def args(dtype: DType, first: int, second: int) -> Graph:
    shapes = [tensor("a", (first,), dtype=dtype), tensor("b", (second,), dtype=dtype)]
    return single("BROADCAST_ARGS", shapes, tensor("y", (max(first, second),), dtype=dtype), Attrs())


def make(rng: Rng) -> Graph:
    """For the run under sanitizers; the interpreter aborts on shapes that do not broadcast."""
    return args(DType.INT32 if rng.random() < 0.5 else DType.INT64, *(int(n) for n in rng.integers(1, 6, 2)))


@pytest.mark.parametrize("dtype", [DType.INT32, DType.INT64])
def test_shapes_that_broadcast(dtype: DType) -> None:
    rng = np.random.default_rng(5)
    for first, second in ((4, 4), (2, 5), (5, 1), (1, 1)):
        model = write(args(dtype, first, second))
        (ours,) = native.load([compile_model(model, "m")])
        oracle = tflm.Interpreter(model)
        for _ in range(5):
            full = rng.integers(1, 9, max(first, second))
            pair = [
                np.where(rng.random(count) < 0.4, 1, full[len(full) - count :]).astype(dtype.numpy)
                for count in (first, second)
            ]
            found = ours.invoke(pair)[0]
            assert np.array_equal(found, oracle.invoke(pair)[0])
            assert np.array_equal(found, np.broadcast_shapes(*(tuple(int(n) for n in one) for one in pair)))


def test_refuses() -> None:
    a, b = tensor("a", (2,), dtype=DType.INT32), tensor("b", (2,), dtype=DType.INT64)
    refused(
        single("BROADCAST_ARGS", [a, b], tensor("y", (2,), dtype=DType.INT32), Attrs()), "element type", "i64"
    )
