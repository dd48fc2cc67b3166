"""PADV2 and MIRROR_PAD equal TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, ints, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops.mirror_pad.op import MirrorMode, MirrorPadAttrs


def padv2(rng: Rng) -> Graph:
    dtype, size = (
        pick(rng, (DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)),
        shape(rng, 1, 5, 200),
    )
    amounts = rng.integers(0, 4, (len(size), 2)) * rng.integers(0, 2, (len(size), 2))
    after = tuple(int(n + a + b) for n, (a, b) in zip(size, amounts, strict=True))
    both = quantized(rng, dtype) if dtype in (DType.INT8, DType.INT16) else None
    value = Tensor("value", (1,), dtype, both, rng.integers(-100, 100, 1).astype(dtype.numpy))
    inputs = [Tensor("x", size, dtype, both), ints("paddings", amounts), value]
    return single("PADV2", inputs, Tensor("y", after, dtype, both), Attrs())


def mirror(rng: Rng) -> Graph:
    dtype, size, mode = (
        pick(rng, (DType.INT8, DType.FLOAT32)),
        shape(rng, 1, 4, 200),
        pick(rng, tuple(MirrorMode)),
    )
    most = [n - 1 + mode.value for n in size]
    amounts = np.array([[int(rng.integers(m + 1)), int(rng.integers(m + 1))] for m in most])
    amounts = np.minimum(amounts, 4)
    after = tuple(int(n + a + b) for n, (a, b) in zip(size, amounts, strict=True))
    x, y = Tensor("x", size, dtype), Tensor("y", after, dtype)
    return single("MIRROR_PAD", [x, ints("paddings", amounts)], y, MirrorPadAttrs(mode))


test_padv2 = sample(padv2)
test_mirror = sample(mirror)
test_many_padv2 = many(padv2)
test_many_mirror = many(mirror)


def test_refuses() -> None:
    x, y = Tensor("x", (2, 3), DType.INT8, quant(0.1)), Tensor("y", (2, 4), DType.INT8, quant(0.1))
    pads = ints("paddings", [[0, 0], [0, 1]])
    odd = Tensor("value", (1,), DType.INT8, quant(0.2), np.zeros(1, np.int8))
    refused(single("PADV2", [x, pads, odd], y, Attrs()), "same scale")
    refused(
        single("PADV2", [x, pads, Tensor("value", (1,), DType.INT8, quant(0.1))], y, Attrs()), "padding value"
    )
    far = ints("paddings", [[0, 0], [0, 3]])
    refused(single("MIRROR_PAD", [x, far], y, MirrorPadAttrs(MirrorMode.REFLECT)), "paddings", "0 to 2")
