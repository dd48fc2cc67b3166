"""L2_NORMALIZATION, SQRT and RSQRT in float equal TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, many, pick, quantized, refused, sample, shape
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Tensor
from tinyml_compress.ops.l2_normalization.op import L2NormalizationAttrs
from tinyml_compress.ops.numerics import Activation
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, (DType.INT8, DType.INT8, DType.FLOAT32)), shape(rng, 1, 4)
    before = quantized(rng, dtype) if dtype is DType.INT8 else None
    after = quant(1 / 128) if dtype is DType.INT8 else None
    x, y = Tensor("x", size, dtype, before), Tensor("y", size, dtype, after)
    return single("L2_NORMALIZATION", [x], y, L2NormalizationAttrs())


test_sample = sample(make, 24)
test_many = many(make)


def test_roots_of_all_sizes_are_correctly_rounded() -> None:
    rng = np.random.default_rng(1)
    bits = rng.integers(1, 0x7F800000, 20000).astype(np.uint32)
    values = np.concatenate(
        [bits.view(np.float32), np.arange(1, 2000, dtype=np.float32) ** 2, np.zeros(1, np.float32)]
    )
    x, y = (Tensor(name, values.shape, DType.FLOAT32) for name in "xy")
    for op in ("SQRT", "RSQRT"):
        model = write(single(op, [x], y, Attrs()))
        (ours,) = native.load([compile_model(model, "m")])
        assert ours.invoke([values])[0].tobytes() == tflm.Interpreter(model).invoke([values])[0].tobytes()
    assert (native.load([compile_model(model, "m")])[0].invoke([values])[0][-1]) == np.inf


def test_refuses() -> None:
    x, y = Tensor("x", (2, 3), DType.INT8, quant(0.1)), Tensor("y", (2, 3), DType.INT8, quant(0.1))
    refused(single("L2_NORMALIZATION", [x], y, L2NormalizationAttrs()), "quantization of the output", "1/128")
    refused(single("L2_NORMALIZATION", [x], y, L2NormalizationAttrs(Activation.RELU)), "fused activation")
