"""QUANTIZE and DEQUANTIZE equal TFLM byte for byte, for every pair of types that it has."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, many, pick, refused, sample, scale, shape
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Quant, Tensor
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm

PAIRS = [
    (source, target)
    for source, targets in {
        DType.FLOAT32: (DType.INT8, DType.INT16),
        DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
        DType.UINT8: (DType.INT8,),
        DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
        DType.INT32: (DType.INT8, DType.INT16),
    }.items()
    for target in targets
]


def any_quant(rng: Rng, dtype: DType) -> Quant | None:
    if dtype is DType.FLOAT32:
        return None
    low, high = (0, 255) if dtype is DType.UINT8 else (-128, 127)
    return quant(scale(rng), int(rng.choice([low, high, int(rng.integers(low, high + 1))])))


def quantize(rng: Rng) -> Graph:
    source, target = pick(rng, PAIRS)
    size, before, after = shape(rng), any_quant(rng, source), any_quant(rng, target)
    if rng.random() < 0.2 and before is not None and after is not None:
        after = Quant(before.scales, after.zero_points)
    return single("QUANTIZE", [Tensor("x", size, source, before)], Tensor("y", size, target, after), Attrs())


def dequantize(rng: Rng) -> Graph:
    dtype = pick(rng, (DType.INT8, DType.UINT8, DType.INT16))
    size = shape(rng)
    return single(
        "DEQUANTIZE",
        [Tensor("x", size, dtype, any_quant(rng, dtype))],
        Tensor("y", size, DType.FLOAT32),
        Attrs(),
    )


test_quantize = sample(quantize, 30)
test_dequantize = sample(dequantize, 8)
test_many_quantize = many(quantize, 200)
test_many_dequantize = many(dequantize, 40)


def test_float_ties_round_away_from_zero() -> None:
    x = Tensor("x", (4097,), DType.FLOAT32)
    graph = single("QUANTIZE", [x], Tensor("y", (4097,), DType.INT8, quant(0.25, 3)), Attrs())
    model = write(graph)
    values = (np.arange(-2048, 2049) / 64).astype(np.float32)
    (ours,) = native.load([compile_model(model, "m")])
    expected = tflm.Interpreter(model).invoke([values])[0]
    assert (ours.invoke([values])[0] == expected).all()
    above = np.nextafter(values, np.float32(100))
    assert (ours.invoke([above])[0] == tflm.Interpreter(model).invoke([above])[0]).all()


def test_not_a_number_and_infinity_stay_inside() -> None:
    x = Tensor("x", (3,), DType.FLOAT32)
    model = write(single("QUANTIZE", [x], Tensor("y", (3,), DType.INT8, quant(0.25, 3)), Attrs()))
    (ours,) = native.load([compile_model(model, "m")])
    found = ours.invoke([np.array([np.nan, np.inf, -np.inf], np.float32)])[0]
    assert found.tolist() == [3, 127, -128]


def test_refuses() -> None:
    x, y = Tensor("x", (3,), DType.FLOAT32), Tensor("y", (3,), DType.UINT8, quant(0.1))
    refused(single("QUANTIZE", [x], y, Attrs()), "element type", "u8")
    refused(single("QUANTIZE", [x], Tensor("y", (3,), DType.INT8), Attrs()), "no quantization")
    refused(single("DEQUANTIZE", [x], Tensor("y", (3,), DType.FLOAT32), Attrs()), "element type", "f32")
