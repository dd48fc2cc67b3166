"""Functions of one value equal TFLM byte for byte: ABS, ELU, HARD_SWISH, LEAKY_RELU, RSQRT, and the float
ones.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, many, pick, quantized, refused, sample, scale, shape, zero_point
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops.leaky_relu.op import LeakyReluAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm

WHOLE = (2, 128)
"""Room for every int8 value: the ramp vector holds each once."""
FLOATS = ("ABS", "NEG", "SQUARE", "FLOOR", "CEIL", "ROUND", "RELU", "RELU6", "HARD_SWISH")


def table(op: str, rng: Rng, low: float, high: float) -> Graph:
    before = quantized(rng, DType.INT8, 1e-3, 0.1)
    after = quantized(rng, DType.INT8, before.scale * low, before.scale * high)
    return single(
        op, [Tensor("x", WHOLE, DType.INT8, before)], Tensor("y", WHOLE, DType.INT8, after), Attrs()
    )


def absolute(rng: Rng) -> Graph:
    return table("ABS", rng, 0.1, 10)


def absolute16(rng: Rng) -> Graph:
    before = quantized(rng, DType.INT16)
    after = (
        before if rng.random() < 0.2 else quantized(rng, DType.INT16, before.scale / 10, before.scale * 10)
    )
    x, y = Tensor("x", WHOLE, DType.INT16, before), Tensor("y", WHOLE, DType.INT16, after)
    return single("ABS", [x], y, Attrs())


def elu(rng: Rng) -> Graph:
    return table("ELU", rng, 0.1, 10)


def hard_swish(rng: Rng) -> Graph:
    return table("HARD_SWISH", rng, 0.02, 10)


def hard_swish_untrained(rng: Rng) -> Graph:
    """Scales as a net with fresh weights has them: shifts of more than a 16-bit word."""
    before = quantized(rng, DType.INT8, 1e-8, 1e-4)
    after = quantized(rng, DType.INT8, before.scale, before.scale * 1e4)
    return single(
        "HARD_SWISH", [Tensor("x", WHOLE, DType.INT8, before)], Tensor("y", WHOLE, DType.INT8, after), Attrs()
    )


def rsqrt(rng: Rng) -> Graph:
    before = quant(scale(rng, 1e-4, 1.0), -128)  # TFLM stops at a negative value, so there is none
    after = quant(scale(rng, 0.001, 0.2) / before.scale**0.5, zero_point(rng, DType.INT8))
    return single(
        "RSQRT", [Tensor("x", WHOLE, DType.INT8, before)], Tensor("y", WHOLE, DType.INT8, after), Attrs()
    )


def rsqrt16(rng: Rng) -> Graph:
    before = quant(scale(rng, 1e-6, 1e-2))
    after = quant(scale(rng, 1e-5, 1e-3) / before.scale**0.5)
    data = rng.integers(1, 32768, (256,)).astype(np.int16)  # TFLM stops at a negative value, so there is none
    same = Tensor("c", (256,), DType.INT16, before, data)
    return single("RSQRT", [same], Tensor("y", (256,), DType.INT16, after), Attrs())


def leaky(rng: Rng) -> Graph:
    dtype = pick(rng, (DType.INT8, DType.INT16, DType.FLOAT32))
    before = after = None
    if dtype is not DType.FLOAT32:
        before = quantized(rng, dtype)
        after = quantized(rng, dtype, before.scale / 8, before.scale * 8)
    alpha = float(np.float32(pick(rng, (0.0, 0.01, 0.2, 0.3, 1.0, 1.7))))
    x, y = Tensor("x", WHOLE, dtype, before), Tensor("y", WHOLE, dtype, after)
    return single("LEAKY_RELU", [x], y, LeakyReluAttrs(alpha))


def floats(rng: Rng) -> Graph:
    size = shape(rng, 0, 4)
    return single(
        pick(rng, FLOATS), [Tensor("x", size, DType.FLOAT32)], Tensor("y", size, DType.FLOAT32), Attrs()
    )


def logical_not(rng: Rng) -> Graph:
    size = shape(rng)
    return single("LOGICAL_NOT", [Tensor("x", size, DType.BOOL)], Tensor("y", size, DType.BOOL), Attrs())


test_absolute = sample(absolute)
test_absolute16 = sample(absolute16)
test_elu = sample(elu)
test_hard_swish = sample(hard_swish, 20)
test_rsqrt = sample(rsqrt)
test_rsqrt16 = sample(rsqrt16)
test_leaky = sample(leaky, 20)
test_floats = sample(floats, 20)
test_logical_not = sample(logical_not, 4)
test_many_absolute = many(absolute)
test_many_absolute16 = many(absolute16, 60)
test_many_elu = many(elu)
test_many_hard_swish = many(hard_swish)
test_hard_swish_untrained = sample(hard_swish_untrained, 12)
test_many_hard_swish_untrained = many(hard_swish_untrained)
test_many_rsqrt = many(rsqrt)
test_many_rsqrt16 = many(rsqrt16)
test_many_leaky = many(leaky)
test_many_floats = many(floats)


@pytest.mark.parametrize("op", FLOATS)
def test_floats_at_their_edges(op: str) -> None:
    near = [0.0, 0.5, 1.5, 2.5, 3.0, 6.0, 0.49999997, 8388607.5, 8388608.0, 4194303.8, 1e20, 1e-40, np.inf]
    values = np.array([*near, *(-v for v in near)], np.float32)
    x, y = Tensor("x", values.shape, DType.FLOAT32), Tensor("y", values.shape, DType.FLOAT32)
    model = write(single(op, [x], y, Attrs()))
    (ours,) = native.load([compile_model(model, "m")])
    with np.errstate(all="ignore"):
        found, expected = ours.invoke([values])[0], tflm.Interpreter(model).invoke([values])[0]
    assert found.tobytes() == expected.tobytes(), (values, found, expected)


def test_refuses() -> None:
    x, y = (Tensor(name, (4,), DType.INT16, quant(0.1)) for name in "xy")
    wide = Tensor("x", (4,), DType.INT32)
    refused(single("RSQRT", [wide], wide, Attrs()), "element type", "i32")
    far = [Tensor(name, (4,), DType.INT8, quant(scale)) for name, scale in (("x", 1e9), ("y", 2.0))]
    refused(single("RSQRT", far[:1], far[1], Attrs()), "too large")
    refused(single("LEAKY_RELU", [x], y, LeakyReluAttrs(-0.1)), "alpha", "-0.1")
    small = Tensor("y", (4,), DType.INT8, quant(1e-6))
    refused(single("HARD_SWISH", [Tensor("x", (4,), DType.INT8, quant(0.1))], small, Attrs()), "ratio")
    refused(single("NEG", [x], y, Attrs()), "element type")
