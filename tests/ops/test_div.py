"""DIV, FLOOR_DIV and FLOOR_MOD equal TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import quant, single
from tests.lib.proof import FUSED, Rng, broadcastable, many, pick, refused, sample, scale, zero_point
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm


def make(rng: Rng) -> Graph:
    dtype = pick(rng, (DType.FLOAT32, DType.INT32))
    first, second, out = broadcastable(rng, 5)
    data = rng.integers(2, 1000, second) * rng.choice([-1, 1], second)
    divisor = Tensor("b", second, dtype, None, data.astype(dtype.numpy))
    return single(
        "DIV", [Tensor("a", first, dtype), divisor], Tensor("y", out, dtype), FusedAttrs(pick(rng, FUSED))
    )


def floor(rng: Rng) -> Graph:
    first, second, out = broadcastable(rng, 4)
    data = (rng.integers(1, 1000, second) * rng.choice([-1, 1], second) / 16).astype(np.float32)
    inputs = [Tensor("a", first, DType.FLOAT32), Tensor("b", second, DType.FLOAT32, None, data)]
    return single(pick(rng, ("FLOOR_DIV", "FLOOR_MOD")), inputs, Tensor("y", out, DType.FLOAT32), Attrs())


def int8(rng: Rng) -> Graph:
    """Scales that leave TFLM's shifts within a word, divisors that are not 0."""
    first, second, out = broadcastable(rng, 5)
    zero, scales = zero_point(rng, DType.INT8), [scale(rng, 1e-2, 1.0) for _ in range(2)]
    divisors = np.clip(rng.integers(1, 255, second) * rng.choice([-1, 1], second) + zero, -128, 127)
    data = np.where(divisors == zero, zero + (1 if zero < 127 else -1), divisors).astype(np.int8)
    data.setflags(write=False)
    made = quant(scales[0] / scales[1] / float(rng.uniform(65, 20000)), zero_point(rng, DType.INT8))
    a = Tensor("a", first, DType.INT8, quant(scales[0], zero_point(rng, DType.INT8)))
    b = Tensor("b", second, DType.INT8, quant(scales[1], zero), data)
    return single("DIV", [a, b], Tensor("y", out, DType.INT8, made), FusedAttrs(pick(rng, FUSED)))


test_sample = sample(make)
test_int8 = sample(int8)
test_many_int8 = many(int8, 60)
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
    a, y = Tensor("a", (4,), DType.INT16), Tensor("y", (4,), DType.INT16)
    refused(single("DIV", [a, a], y, FusedAttrs()), "element type", "i16")
    a, y = Tensor("a", (4,), DType.INT8, quant(1.0)), Tensor("y", (4,), DType.INT8, quant(1e-9))
    refused(single("DIV", [a, a], y, FusedAttrs()), "ratio of the scales")


def test_int8_quotients_are_near_the_real_ones_whatever_the_divisor() -> None:
    before, after = quant(0.5, 3), quant(0.25, -7)
    a, b = (Tensor(name, (65536,), DType.INT8, before) for name in "ab")
    y = Tensor("y", (65536,), DType.INT8, after)
    (ours,) = native.load([compile_model(write(single("DIV", [a, b], y, FusedAttrs())), "m")])
    pairs = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128))
    x, d = (values.reshape(-1).astype(np.int8) for values in pairs)
    real = np.divide(x.astype(float) - 3, d.astype(float) - 3, out=np.zeros(65536), where=d != 3)
    assert np.abs(ours.invoke([x, d])[0] - np.clip(real / 0.25 - 7, -128, 127)).max() <= 0.5 + 1e-6


def test_remainders_of_all_sizes() -> None:
    rng = np.random.default_rng(5)
    bits = rng.integers(1, 0x7F800000, (2, 4000)).astype(np.uint32) | (
        rng.integers(0, 2, (2, 4000)) << 31
    ).astype(np.uint32)
    given = list(bits.view(np.float32))
    a, b, y = (Tensor(name, (4000,), DType.FLOAT32) for name in "aby")
    model = write(single("FLOOR_MOD", [a, b], y, Attrs()))
    (ours,) = native.load([compile_model(model, "m")])
    assert ours.invoke(given)[0].tobytes() == tflm.Interpreter(model).invoke(given)[0].tobytes()
