"""LOG_SOFTMAX equals TFLM: byte for byte in int8, within two units in the last place in float."""

from __future__ import annotations

import numpy as np

from tests.lib.aot import apart as ulps
from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, many, refused, sample, scale, shape, zero_point
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm


def make(rng: Rng) -> Graph:
    size = shape(rng, 1, 4)
    before = quant(scale(rng, 1e-5, 10.0), zero_point(rng, DType.INT8))
    x, y = Tensor("x", size, DType.INT8, before), Tensor("y", size, DType.INT8, quant(1 / 16, 127))
    return single("LOG_SOFTMAX", [x], y, Attrs())


def long_row(rng: Rng) -> Graph:
    """Sums of many exponentials."""
    size = (int(rng.integers(1, 3)), int(rng.integers(500, 4096)))
    x = Tensor("x", size, DType.INT8, quant(scale(rng, 1e-4, 0.1), 0))
    return single("LOG_SOFTMAX", [x], Tensor("y", size, DType.INT8, quant(1 / 16, 127)), Attrs())


test_sample = sample(make, 24)
test_long_rows = sample(long_row, 4)
test_many = many(make)
test_many_long_rows = many(long_row, 20)


def test_float_within_two_units() -> None:
    rng = np.random.default_rng(1)
    model = write(
        single(
            "LOG_SOFTMAX",
            [Tensor("x", (40, 30), DType.FLOAT32)],
            Tensor("y", (40, 30), DType.FLOAT32),
            Attrs(),
        )
    )
    (ours,) = native.load([compile_model(model, "m")])
    oracle = tflm.Interpreter(model)
    for spread in (0.01, 1.0, 30.0):
        given = (rng.standard_normal((40, 30)) * spread).astype(np.float32)
        apart = ulps(ours.invoke([given])[0].astype(np.float32), oracle.invoke([given])[0].astype(np.float32))
        assert apart.max() <= 2
        assert (apart == 0).mean() > 0.9


def test_refuses() -> None:
    x = Tensor("x", (2, 3), DType.INT8, quant(0.1))
    refused(
        single("LOG_SOFTMAX", [x], Tensor("y", (2, 3), DType.INT8, quant(1 / 16, 0)), Attrs()), "scale 1/16"
    )
    tiny = Tensor("x", (2, 3), DType.INT8, quant(1e-9))
    refused(
        single("LOG_SOFTMAX", [tiny], Tensor("y", (2, 3), DType.INT8, quant(1 / 16, 127)), Attrs()), "2^-26"
    )
