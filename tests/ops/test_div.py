"""DIV, FLOOR_DIV and FLOOR_MOD equal TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import single
from tests.lib.proof import FUSED, Rng, broadcastable, many, pick, refused, sample
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.pipeline.compilation import compile_model
from tinyml_compress.runners import native, tflm


def make(rng: Rng) -> Graph:
    dtype = pick(rng, (DType.FLOAT32, DType.INT32))
    first, second, out = broadcastable(rng, 5)
    data = rng.integers(2, 1000, second) * rng.choice([-1, 1], second)
    divisor = Tensor("b", second, dtype, None, data.astype(dtype.numpy))
    return single("DIV", [Tensor("a", first, dtype), divisor], Tensor("y", out, dtype), FusedAttrs(pick(rng, FUSED)))


def floor(rng: Rng) -> Graph:
    first, second, out = broadcastable(rng, 4)
    data = (rng.integers(1, 1000, second) * rng.choice([-1, 1], second) / 16).astype(np.float32)
    inputs = [Tensor("a", first, DType.FLOAT32), Tensor("b", second, DType.FLOAT32, None, data)]
    return single(pick(rng, ("FLOOR_DIV", "FLOOR_MOD")), inputs, Tensor("y", out, DType.FLOAT32), Attrs())


test_sample = sample(make)
test_floor = sample(floor)
test_many_floor = many(floor, 60)
test_many = many(make)


def test_every_integer_quotient_is_defined() -> None:
    a, b, y = (Tensor(name, (4,), DType.INT32) for name in "aby")
    (ours,) = native.load([compile_model(write(single("DIV", [a, b], y, FusedAttrs())), "m")])
    low = -(2**31)
    found = ours.invoke([np.array([7, -7, low, low], np.int32), np.array([0, 2, -1, 0], np.int32)])[0]
    assert found.tolist() == [0, -3, low, 0]


def test_refuses() -> None:
    a, y = Tensor("a", (4,), DType.INT8), Tensor("y", (4,), DType.INT8)
    refused(single("DIV", [a, a], y, FusedAttrs()), "element type", "i8")


def test_remainders_of_all_sizes() -> None:
    rng = np.random.default_rng(5)
    bits = rng.integers(1, 0x7F800000, (2, 4000)).astype(np.uint32) | (rng.integers(0, 2, (2, 4000)) << 31).astype(
        np.uint32
    )
    given = list(bits.view(np.float32))
    a, b, y = (Tensor(name, (4000,), DType.FLOAT32) for name in "aby")
    model = write(single("FLOOR_MOD", [a, b], y, Attrs()))
    (ours,) = native.load([compile_model(model, "m")])
    assert ours.invoke(given)[0].tobytes() == tflm.Interpreter(model).invoke(given)[0].tobytes()
