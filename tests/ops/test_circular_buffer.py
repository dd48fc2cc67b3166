"""CIRCULAR_BUFFER equals TFLM: what it holds, when an inference has no result, and what a reset leaves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.lib.graphs import const, graph
from tests.lib.proof import Rng, ints, pick, quantized, refused
from tests.lib.streams import assert_streams_equal, many_streams, stream_sample
from tinyml_compress.errors import DataError
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Node, Quant, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops._reduce import ReduceAttrs
from tinyml_compress.ops.circular_buffer.op import CircularBufferAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native


def buffered(rng: Rng) -> Graph:
    """x + c into a buffer, whose mean is the output; sometimes the buffer is an output too."""
    cycles, slots = int(rng.integers(0, 4)), pick(rng, (1, 2, 3, 5, 8, 13))
    frame = (int(rng.integers(1, 4)), int(rng.integers(1, 9)))
    if cycles == 0 and frame == (2, 96):
        cycles = 1
    held = quantized(rng, DType.INT8)
    x = Tensor("x", (1, 1, *frame), DType.INT8, quantized(rng, DType.INT8))
    c = replace(const("c", rng.integers(-128, 128, (1, 1, *frame))), quant=x.quant)
    moved = Tensor("moved", x.shape, DType.INT8, held)
    frames = Tensor("frames", (1, slots, *frame), DType.INT8, held, variable=True)
    mean = Tensor("mean", (1, *frame), DType.INT8, Quant((held.scale * 0.8,), held.zero_points))
    full = Tensor("full", (1,), DType.BOOL)
    made = ("frames", "full") if rng.random() < 0.4 else ("frames",)
    nodes = [
        Node("ADD", ("x", "c"), ("moved",), FusedAttrs(), "add"),
        Node("CIRCULAR_BUFFER", ("moved",), made, CircularBufferAttrs(cycles), "buffer"),
        Node("MEAN", ("frames", "axis"), ("mean",), ReduceAttrs(False), "mean"),
    ]
    outputs = ["mean", "frames"] if rng.random() < 0.4 else ["mean"]
    if len(made) == 2 and rng.random() < 0.7:
        outputs.append("full")
    return graph([x, c, moved, frames, full, mean, ints("axis", [1])], nodes, ["x"], outputs).rebuilt()


test_circular_buffer = stream_sample(buffered, 20, 17)
test_many = many_streams(buffered, 100, 30)


def test_an_inference_without_a_result_is_told() -> None:
    made = buffered(np.random.default_rng(0))
    first, buffer, last = made.nodes
    buffer = replace(buffer, attrs=CircularBufferAttrs(3), outputs=("frames",))
    file = write(made.rebuilt(nodes=(first, buffer, last), outputs=("mean",)))
    assert_streams_equal([file], frames=10, reset_at=4)
    program = compile_model(file, "m")
    assert "2 when it took" in program.header
    (code,) = native.load([program])
    frame = [np.zeros(program.inputs[0].shape, np.int8)]
    assert [code.step(frame) is None for _ in range(6)] == [True, True, False, True, True, False]
    with pytest.raises(DataError, match="no result"):
        code.invoke(frame)


def test_refuses() -> None:
    made = buffered(np.random.default_rng(1))
    only = made.rebuilt(nodes=made.nodes[1:2])
    tensors = dict(only.tensors)
    refused(
        only.rebuilt(tensors={**tensors, "frames": replace(tensors["frames"], variable=False)}), "no variable"
    )
    refused(
        only.rebuilt(tensors={**tensors, "moved": replace(tensors["moved"], shape=(1, 2, 1, 1))}), "shapes"
    )
