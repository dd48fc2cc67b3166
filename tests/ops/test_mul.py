"""MUL equals TFLM byte for byte."""

from __future__ import annotations

from tests.lib.graphs import quant, single
from tests.lib.proof import FUSED, Rng, broadcastable, many, pick, quantized, refused, sample
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.support.instruction_sets import Isa

DSP = Isa.DSP.sets


def plain(rng: Rng) -> Graph:
    """int32 and float."""
    dtype, (first, second, out) = pick(rng, (DType.INT32, DType.FLOAT32)), broadcastable(rng, 5)
    a, b, y = (Tensor(name, size, dtype) for name, size in (("a", first), ("b", second), ("y", out)))
    return single("MUL", [a, b], y, FusedAttrs(pick(rng, FUSED)))


def make(rng: Rng) -> Graph:
    dtype = pick(rng, (DType.INT8, DType.INT8, DType.INT16))
    first, second, out = broadcastable(rng, 4)
    quants = [quantized(rng, dtype) for _ in range(2)]
    product = quants[0].scale * quants[1].scale
    return single(
        "MUL",
        [Tensor("a", first, dtype, quants[0]), Tensor("b", second, dtype, quants[1])],
        Tensor("y", out, dtype, quantized(rng, dtype, product / 4, product * 3e4)),
        FusedAttrs(pick(rng, FUSED)),
    )


def rows(rng: Rng) -> Graph:
    """Long rows, also of one value, all of the type coming out: what the DSP kernels take."""
    dtype, depth = pick(rng, (DType.INT8, DType.INT8, DType.INT16)), int(rng.integers(2, 40))
    sizes: list[tuple[int, ...]] = [(2, 5, depth), (2, 5, depth)]
    sizes[int(rng.integers(2))] = pick(rng, ((2, 5, depth), (1, 1, depth), (2, 5, 1), (1, 5, 1), (depth,)))
    quants = [quantized(rng, dtype) for _ in range(2)]
    product, many_values = quants[0].scale * quants[1].scale, 1 << (8 * dtype.itemsize - 1)
    return single(
        "MUL",
        [Tensor(name, size, dtype, own) for name, size, own in zip("ab", sizes, quants, strict=True)],
        Tensor("y", (2, 5, depth), dtype, quantized(rng, dtype, 3 * product, 8 * product * many_values)),
        FusedAttrs(pick(rng, FUSED)),
    )


test_sample = sample(make, 20)
test_dsp = sample(rows, 20, isas=DSP)
test_plain = sample(plain, 10)
test_many = many(make)
test_many_dsp = many(rows, isas=DSP)
test_many_plain = many(plain, 60)


def test_refuses() -> None:
    a, y = (Tensor(name, (2, 3), DType.INT16, quant(0.1)) for name in "ay")
    refused(
        single("MUL", [a, Tensor("b", (3,), DType.INT16, quant(0.1, 3))], y, FusedAttrs()),
        "zero point",
        "int16",
    )
    refused(single("MUL", [a, a], Tensor("y", (2, 3), DType.INT16, quant(1e-20)), FusedAttrs()), "ratio")
