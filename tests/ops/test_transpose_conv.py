"""TRANSPOSE_CONV equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.forms import real
from tests.lib.graphs import const, quant, single
from tests.lib.proof import Rng, ints, many, pick, quantized, refused, sample
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.ops.transpose_conv.op import TransposeConvAttrs


def make(rng: Rng) -> Graph:
    batch, height, width, depth, channels = (int(rng.integers(1, 6)) for _ in range(5))
    kernel, strides = rng.integers(1, 5, 2).tolist(), rng.integers(1, 4, 2).tolist()
    padding = pick(rng, tuple(Padding))
    size = []
    for n, k, s in zip((height, width), kernel, strides, strict=True):
        size.append(n * s if padding is Padding.SAME else (n - 1) * s + k)
    dtype = pick(rng, (DType.INT8, DType.INT8, DType.INT16))
    before, count = quantized(rng, dtype), channels if rng.random() < 0.7 else 1
    scales = rng.uniform(1e-3, 2e-2, count).tolist()
    taps = kernel[0] * kernel[1] * depth
    after = quantized(rng, dtype, before.scale * 1e-2, before.scale * 2 * np.sqrt(taps))
    weights = const("w", rng.integers(-127, 128, (channels, *kernel, depth)), scales, axis=0)
    x = Tensor("x", (min(batch, 2), height, width, depth), dtype, before)
    y = Tensor("y", (min(batch, 2), *size, channels), dtype, after)
    inputs = [ints("shape", y.shape), weights, x]
    if rng.random() < 0.7:
        wide = pick(rng, (DType.INT64, DType.INT16)) if dtype is DType.INT16 else DType.INT32
        bias = const("b", rng.integers(-3000, 3000, channels), [before.scale * s for s in scales], dtype=wide)
        inputs.append(bias)
    return single("TRANSPOSE_CONV", inputs, y, TransposeConvAttrs(padding, strides[1], strides[0]))


def float32(rng: Rng) -> Graph:
    graph = make(rng)
    return graph.rebuilt(
        tensors={name: tensor if name == "shape" else real(tensor) for name, tensor in graph.tensors.items()}
    )


test_sample = sample(make, 24)
test_many = many(make)
test_float32 = sample(float32)
test_many_float32 = many(float32, 40)


def test_refuses() -> None:
    x, y = (
        Tensor("x", (1, 2, 2, 3), DType.INT8, quant(0.1)),
        Tensor("y", (1, 4, 4, 2), DType.INT8, quant(0.1)),
    )
    weights, shape = const("w", np.ones((2, 2, 2, 3)), 0.1), ints("shape", y.shape)
    attrs = TransposeConvAttrs(Padding.SAME, 2, 2)
    run_time = Tensor("w", (2, 2, 2, 3), DType.INT8, quant(0.1))
    refused(single("TRANSPOSE_CONV", [shape, run_time, x], y, attrs), "at run time")
    for stride in (0, 1 << 15, 1 << 24):
        far = TransposeConvAttrs(Padding.SAME, 2, stride)
        refused(single("TRANSPOSE_CONV", [shape, weights, x], y, far), "stride_h", str(stride), "1 to 32767")
    refused(
        single("TRANSPOSE_CONV", [shape, const("w", np.ones((2, 2, 2, 4)), 0.1), x], y, attrs),
        "shape of the weights",
    )
    fused = TransposeConvAttrs(Padding.SAME, 2, 2, Activation.RELU)
    refused(single("TRANSPOSE_CONV", [shape, weights, x], y, fused), "fused activation")
