"""CONCATENATION equals TFLM byte for byte, and copies nothing where its inputs can be made in place."""

from __future__ import annotations

from tests.lib.aot import assert_bit_exact
from tests.lib.graphs import graph, quant, single, tensor
from tests.lib.proof import Rng, many, pick, quantized, refused, sample, shape
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Node, Tensor
from tinyml_compress.ops.concatenation.op import ConcatenationAttrs
from tinyml_compress.ops.numerics import Activation
from tinyml_compress.pipeline.compile.verb import compile_graph

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.BOOL, DType.FLOAT32)


def make(rng: Rng) -> Graph:
    dtype, base = pick(rng, TYPES), list(shape(rng, 1, 4, 100))
    axis = int(rng.integers(len(base)))
    both = quantized(rng, dtype) if dtype in (DType.INT8, DType.INT16) else None
    inputs = []
    for index in range(int(rng.integers(1, 11))):
        size = (*base[:axis], int(rng.integers(1, 5)), *base[axis + 1 :])
        data = None
        if index and rng.random() < 0.15:
            data = rng.integers(-100, 100, size).astype(dtype.numpy)
        inputs.append(Tensor(f"x{index}", size, dtype, both, data))
    if rng.random() < 0.1:
        inputs = [inputs[0]] * len(inputs)
    after = (*base[:axis], sum(t.shape[axis] for t in inputs), *base[axis + 1 :])
    return single(
        "CONCATENATION",
        inputs,
        Tensor("y", after, dtype, both),
        ConcatenationAttrs(axis - pick(rng, (0, len(base)))),
    )


test_sample = sample(make, 20)
test_many = many(make)


def test_inputs_are_made_in_place() -> None:
    tensors = [tensor(name, (1, 4), 0.1) for name in ("a", "b", "p", "q")] + [tensor("y", (1, 8), 0.1)]
    nodes = [
        Node("RELU6", ("a",), ("p",), Attrs()),
        Node("RELU6", ("b",), ("q",), Attrs()),
        Node("CONCATENATION", ("p", "q"), ("y",), ConcatenationAttrs(1)),
    ]
    made = graph(tensors, nodes, ["a", "b"], ["y"])
    program = compile_graph(made, "m", model_sha256="0", using=())
    assert [node.op for node in program.nodes] == ["RELU6", "RELU6"]
    assert_bit_exact([write(made)])


def test_refuses() -> None:
    a, b = Tensor("a", (2, 3), DType.INT8, quant(0.1)), Tensor("b", (2, 3), DType.INT8, quant(0.2))
    y = Tensor("y", (4, 3), DType.INT8, quant(0.1))
    refused(single("CONCATENATION", [a, b], y, ConcatenationAttrs(0)), "same scale")
    refused(single("CONCATENATION", [a, a], y, ConcatenationAttrs(2)), "axis out of range")
    refused(single("CONCATENATION", [a, a], y, ConcatenationAttrs(0, Activation.RELU)), "fused activation")
    refused(single("CONCATENATION", [a] * 11, y, ConcatenationAttrs(0)), "number of inputs", "11")
    odd = Tensor("b", (2, 4), DType.INT8, quant(0.1))
    refused(single("CONCATENATION", [a, odd], y, ConcatenationAttrs(0)), "shape of input 1", "(2, 4)")
