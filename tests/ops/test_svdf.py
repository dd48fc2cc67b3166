"""SVDF equals TFLM frame by frame: int8 and int16 state, floats; its state is reset as TFLM resets it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.lib.graphs import const, quant, single
from tests.lib.proof import FUSED, Rng, pick, quantized, refused, scale
from tests.lib.streams import many_streams, stream_sample
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.svdf.op import SvdfAttrs


def _weights(rng: Rng, name: str, shape: tuple[int, int], dtype: DType) -> Tensor:
    if dtype is DType.FLOAT32:
        return const(name, rng.standard_normal(shape), dtype=dtype)
    limit = 127 if dtype is DType.INT8 else int(rng.choice([300, 32767]))
    return const(name, rng.integers(-limit, limit + 1, shape), scale(rng), dtype=dtype)


def _made(rng: Rng, kept: DType | None = None) -> Graph:
    kept = kept or pick(rng, (DType.INT8, DType.INT16, DType.INT16, DType.FLOAT32))
    batch, size, memory = (int(rng.integers(1, top)) for top in (3, 20, 12))
    units, rank = int(rng.integers(1, 9)), int(rng.integers(1, 4))
    return of_size(rng, kept, (batch, size, memory), (units, rank))


def of_size(rng: Rng, kept: DType, frame: tuple[int, int, int], filters: tuple[int, int]) -> Graph:
    """`frame`: batch, values, frames kept; `filters`: units and rank."""
    outer = DType.FLOAT32 if kept is DType.FLOAT32 else DType.INT8
    (batch, size, memory), (units, rank) = frame, filters
    feature = _weights(rng, "feature", (units * rank, size), outer)
    time = _weights(rng, "time", (units * rank, memory), kept)
    state = Tensor("state", (batch, units * rank * memory), kept, None, variable=True)
    x, y = Tensor("x", (batch, size), outer), Tensor("y", (batch, units), outer)
    bias = const("bias", rng.standard_normal(units), dtype=DType.FLOAT32)
    if outer is DType.INT8:
        x = replace(x, quant=quantized(rng, DType.INT8))
        assert x.quant is not None
        assert feature.quant is not None
        assert time.quant is not None
        # The state takes a few of the frame's products, the output a few of the state's.
        room = 90.0 if kept is DType.INT8 else 0.4
        fine = x.quant.scale * feature.quant.scale * np.sqrt(size) * room * float(rng.uniform(0.3, 3))
        zero = int(rng.integers(-128, 128)) if kept is DType.INT8 and rng.random() < 0.5 else 0
        state = replace(state, quant=quant(fine, zero))
        large = float(np.abs(np.asarray(time.data, np.int64)).max())
        coarse = (
            fine * time.quant.scale * large * np.sqrt(rank * memory) * (0.5 if kept is DType.INT8 else 100.0)
        )
        y = replace(y, quant=quant(coarse * float(rng.uniform(0.3, 3)), int(rng.integers(-128, 128))))
        exact = float(np.float32(state.quant.scale) * np.float32(time.quant.scale)) if state.quant else 1.0
        limit = 2000 if kept is DType.INT8 else 1 << 20
        bias = const("bias", rng.integers(-limit, limit, units), exact, dtype=DType.INT32)
    attrs = SvdfAttrs(rank, pick(rng, FUSED))
    return single("SVDF", [x, feature, time, bias, state], y, attrs)


def svdf(rng: Rng) -> Graph:
    return _made(rng)


def _without_bias(rng: Rng) -> Graph:
    graph = _made(rng, DType.FLOAT32)
    (node,) = graph.nodes
    inputs = tuple(None if name == "bias" else name for name in node.inputs)
    return graph.rebuilt(nodes=(replace(node, inputs=inputs),))


test_svdf = stream_sample(svdf, 24)
test_many = many_streams(svdf, 120)


def test_refuses() -> None:
    graph = _made(np.random.default_rng(0), DType.INT8)
    tensors = dict(graph.tensors)
    refused(
        graph.rebuilt(tensors={**tensors, "state": replace(tensors["state"], variable=False)}), "no variable"
    )
    refused(
        graph.rebuilt(tensors={**tensors, "state": replace(tensors["state"], shape=(1, 1))}),
        "shape of tensor",
    )
    refused(
        graph.rebuilt(tensors={**tensors, "bias": replace(tensors["bias"], quant=quant(9.0))}),
        "scale of the bias",
    )
    (node,) = graph.nodes
    refused(graph.rebuilt(nodes=(replace(node, attrs=SvdfAttrs(0)),)), "rank")
    refused(
        _without_bias(np.random.default_rng(1)).rebuilt(nodes=(replace(node, inputs=node.inputs[:4]),)),
        "inputs",
    )
