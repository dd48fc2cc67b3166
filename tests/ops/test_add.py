"""ADD equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np
import pytest

from tests.lib.graphs import quant, single
from tests.lib.proof import FUSED, Rng, broadcastable, many, pick, quantized, refused, sample
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.numerics import Activation
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.toolchain import HOST_FLAGS
from tinyml_compress.support.instruction_sets import Isa

DSP = Isa.DSP.sets


def plain(rng: Rng) -> Graph:
    """int32 and float."""
    dtype, (first, second, out) = pick(rng, (DType.INT32, DType.FLOAT32)), broadcastable(rng, 5)
    a, b, y = (Tensor(name, size, dtype) for name, size in (("a", first), ("b", second), ("y", out)))
    return single("ADD", [a, b], y, FusedAttrs(pick(rng, FUSED)))


def make(rng: Rng) -> Graph:
    dtype = pick(rng, (DType.INT8, DType.INT8, DType.INT16))
    first, second, out = broadcastable(rng, 5)
    quants = [quantized(rng, dtype) for _ in range(2)]
    widest = max(q.scale for q in quants)
    target = quantized(rng, dtype, widest / 30, widest * 30)
    return single(
        "ADD",
        [Tensor("a", first, dtype, quants[0]), Tensor("b", second, dtype, quants[1])],
        Tensor("y", out, dtype, target),
        FusedAttrs(pick(rng, FUSED)),
    )


def constant(rng: Rng) -> Graph:
    """One input is a constant, as a bias is."""
    values = Tensor(
        "b", (5,), DType.INT8, quantized(rng, DType.INT8), rng.integers(-128, 128, 5).astype(np.int8)
    )
    inputs = [Tensor("a", (2, 3, 5), DType.INT8, quantized(rng, DType.INT8)), values]
    out = Tensor("y", (2, 3, 5), DType.INT8, quantized(rng, DType.INT8, 0.01))
    return single("ADD", inputs if rng.random() < 0.5 else inputs[::-1], out, FusedAttrs())


def scalar(rng: Rng) -> Graph:
    """A constant of one value, on either side, of int8."""
    op, quants = pick(rng, ("ADD", "SUB", "MUL")), [quantized(rng, DType.INT8) for _ in range(2)]
    values = rng.integers(-128, 128, (1,) * int(rng.integers(1, 4))).astype(np.int8)
    one = Tensor("b", values.shape, DType.INT8, quants[1], values)
    inputs = [Tensor("a", (3, 5, 7), DType.INT8, quants[0]), one][:: pick(rng, (1, -1))]
    most = quants[0].scale * quants[1].scale * 100 if op == "MUL" else max(q.scale for q in quants)
    out = Tensor("y", (3, 5, 7), DType.INT8, quantized(rng, DType.INT8, most, 10 * most))
    return single(op, inputs, out, FusedAttrs(pick(rng, FUSED)))


def flat(rng: Rng) -> Graph:
    """One shape, int8, ratios of scales of all sizes: what the DSP kernels take."""
    size = (int(rng.integers(1, 40)),) if rng.random() < 0.5 else (3, int(rng.integers(342, 400)))
    first = quantized(rng, DType.INT8)
    second = first if rng.random() < 0.2 else quantized(rng, DType.INT8, first.scale / 1e4, first.scale * 1e4)
    widest = max(first.scale, second.scale)
    inputs = [Tensor("a", size, DType.INT8, first), Tensor("b", size, DType.INT8, second)]
    out = Tensor("y", size, DType.INT8, quantized(rng, DType.INT8, widest / 10, widest * 300))
    return single("ADD", inputs, out, FusedAttrs(pick(rng, FUSED)))


def halves(rng: Rng) -> Graph:
    """The same of int16."""
    size, first = (int(rng.integers(1, 40)),), quantized(rng, DType.INT16)
    second = (
        first if rng.random() < 0.2 else quantized(rng, DType.INT16, first.scale / 1e4, first.scale * 1e4)
    )
    widest = max(first.scale, second.scale)
    inputs = [Tensor(name, size, DType.INT16, own) for name, own in (("a", first), ("b", second))]
    out = Tensor("y", size, DType.INT16, quantized(rng, DType.INT16, widest / 10, widest * 300))
    return single(pick(rng, ("ADD", "SUB")), inputs, out, FusedAttrs(pick(rng, FUSED)))


def same(rng: Rng) -> Graph:
    """Both inputs are one tensor."""
    tensor = Tensor("a", (3, 7), DType.INT8, quantized(rng, DType.INT8))
    return single(
        "ADD", [tensor, tensor], Tensor("y", (3, 7), DType.INT8, quantized(rng, DType.INT8)), FusedAttrs()
    )


test_sample = sample(make, 20)
test_constant = sample(constant, 4)
test_scalar = sample(scalar, 20)
test_same = sample(same, 4)
test_dsp = sample(flat, 20, isas=DSP)
test_dsp_table = sample(flat, 20, isas=DSP, level=Level.SPEED)
test_dsp_halves = sample(halves, 30, isas=DSP)
test_plain = sample(plain, 10)
test_many = many(make)
test_many_scalar = many(scalar)
test_many_plain = many(plain, 60)
test_many_dsp = many(flat, 200, isas=DSP)
test_many_dsp_halves = many(halves, 200, isas=DSP)


def graph(a: Tensor, b: Tensor, y: Tensor, activation: Activation = Activation.NONE) -> Graph:
    return single("ADD", [a, b], y, FusedAttrs(activation))


@pytest.mark.parametrize("op", ["ADD", "SUB", "MUL", "DIV"])
def test_floats_that_are_not_finite(op: str) -> None:
    """Every pair of them; what overflows is cut, what is no number stays none."""
    values = np.array([np.inf, -np.inf, np.nan, 3e38, -3e38, 1e-40, 0.0, -1.0, 2.0, 0.5], np.float32)
    pair = [side.reshape(-1).copy() for side in np.meshgrid(values, values)]
    inputs = [Tensor(name, pair[0].shape, DType.FLOAT32) for name in "ab"]
    model = write(single(op, inputs, Tensor("y", pair[0].shape, DType.FLOAT32), FusedAttrs()))
    program = compile_model(model, "m", (Isa.C,), Level.SPEED)
    assert program.nodes[0].kernel == f"tc_f32_{op.lower()}_free__c"
    (ours,) = native.load([program], HOST_FLAGS)
    np.testing.assert_array_equal(ours.invoke(pair)[0], tflm.Interpreter(model).invoke(pair)[0])


def test_refuses() -> None:
    fine = Tensor("a", (2, 3), DType.INT8, quant(0.1))
    y = Tensor("y", (2, 3), DType.INT8, quant(0.1))
    refused(graph(fine, Tensor("b", (2, 4), DType.INT8, quant(0.1)), y), "broadcast", "(2, 4)")
    refused(graph(fine, Tensor("b", (2, 3), DType.INT16, quant(0.1)), y), "element type", "i16")
    refused(graph(fine, Tensor("b", (2, 3), DType.INT8, None), y), "no quantization", "tensor b")
    refused(graph(fine, Tensor("b", (2, 3), DType.INT8, quant(0.0)), y), "scale")
    refused(graph(fine, Tensor("b", (2, 3), DType.INT8, quant(0.1, 300)), y), "zero point", "300")
    refused(
        graph(fine, fine, Tensor("y", (2, 3), DType.INT8, quant(1e-9))),
        "its output hardly varies",
        "scale ratio",
        "is the model trained?",
    )
    refused(graph(fine, fine, y, Activation.TANH), "fused activation", "TANH")
