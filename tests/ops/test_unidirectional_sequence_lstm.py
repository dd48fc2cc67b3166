"""UNIDIRECTIONAL_SEQUENCE_LSTM equals TFLM step by step and inference by inference: int8, int16, and floats
nearly.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.lib.graphs import const, quant, single
from tests.lib.proof import Rng, models_of, pick, refused
from tests.lib.streams import assert_streams_equal, many_streams, stream_sample
from tinyml_compress.frontend import read, write
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.unidirectional_sequence_lstm.op import LstmAttrs

BIASES = {DType.INT8: DType.INT32, DType.INT16: DType.INT64, DType.FLOAT32: DType.FLOAT32}


def _made(rng: Rng, dtype: DType) -> Graph:
    batch, steps, size, units = (int(rng.integers(1, top)) for top in (3, 6, 9, 9))
    return of_size(rng, dtype, (batch, steps, size), units)


def of_size(rng: Rng, dtype: DType, frames: tuple[int, int, int], units: int) -> Graph:
    """`frames`: batch, steps, values of each."""
    batch, steps, size = frames
    major = bool(rng.integers(2))
    real = dtype is DType.FLOAT32
    in_quant = out_quant = cell_quant = None
    if not real:
        zeros = rng.integers(-128, 128, 2) if dtype is DType.INT8 else (0, 0)
        width = 256 if dtype is DType.INT8 else 65536
        in_quant = quant(float(rng.uniform(2, 20)) / width, int(zeros[0]))
        out_quant = quant(float(rng.uniform(0.5, 2.2)) / width, int(zeros[1]))
        cell_quant = quant(2.0 ** int(rng.integers(-14, -9)))

    def weights(name: str, columns: int) -> Tensor:
        if real:
            return const(name, rng.standard_normal((units, columns)) * 0.7, dtype=dtype)
        return const(name, rng.integers(-127, 128, (units, columns)), float(rng.uniform(0.002, 0.03)))

    frame = [weights(f"frame{gate}", size) for gate in range(4)]
    memory = [weights(f"memory{gate}", units) for gate in range(4)]
    bias = []
    for gate in range(4):
        if real:
            bias.append(const(f"bias{gate}", rng.standard_normal(units), dtype=dtype))
            continue
        assert in_quant is not None
        scale = in_quant.scale * frame[gate].quant.scale if frame[gate].quant else 1.0
        limit = int(2 / scale)
        bias.append(const(f"bias{gate}", rng.integers(-limit, limit + 1, units), scale, dtype=BIASES[dtype]))
    cell_type = DType.FLOAT32 if real else DType.INT16
    states = [
        Tensor("memory", (batch, units), dtype, out_quant, variable=True),
        Tensor("cells", (batch, units), cell_type, cell_quant, variable=True),
    ]
    lead = (steps, batch) if major else (batch, steps)
    x, y = Tensor("x", (*lead, size), dtype, in_quant), Tensor("y", (*lead, units), dtype, out_quant)
    none = [None, None, None]
    inputs = [x, *frame, *memory, *none, *bias, None, None, *states, *none, None]
    attrs = LstmAttrs(cell_clip=float(pick(rng, (0.0, 0.0, 0.9, 3.0))), time_major=major)
    return single("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, y, attrs)


def lstm_s8(rng: Rng) -> Graph:
    return _made(rng, DType.INT8)


def lstm_s16(rng: Rng) -> Graph:
    return _made(rng, DType.INT16)


def lstm_f32(rng: Rng) -> Graph:
    return _made(rng, DType.FLOAT32)


test_int8 = stream_sample(lstm_s8, 16, 8)
test_int16 = stream_sample(lstm_s16, 12, 8)
test_many_int8 = many_streams(lstm_s8, 100, 12)
test_many_int16 = many_streams(lstm_s16, 100, 12)


def test_floats() -> None:
    """TFLM's exponential is the C library's, ours another: a last bit may differ and stays small over the
    steps.
    """
    assert_streams_equal(models_of(lstm_f32, 12, 0), frames=8, near=2e-6)


@pytest.mark.full
def test_many_floats() -> None:
    assert_streams_equal(models_of(lstm_f32, 100, 1), frames=30, near=2e-6)


def test_what_other_runtimes_need_stays_in_the_file() -> None:
    made = _made(np.random.default_rng(0), DType.INT8)
    (node,) = made.nodes
    hints = tuple(Tensor(f"hint{index}", (0,), DType.INT8, quant(0.01 + index, 3)) for index in range(5))
    again = read(write(made.rebuilt(nodes=(replace(node, intermediates=hints),))), "model")
    assert [tensor.quant for tensor in again.nodes[0].intermediates] == [tensor.quant for tensor in hints]
    assert write(read(write(again), "model")) == write(again)


def test_refuses() -> None:
    made = _made(np.random.default_rng(1), DType.INT8)
    tensors, (node,) = dict(made.tensors), made.nodes
    peephole = (*node.inputs[:9], node.inputs[12], *node.inputs[10:])
    refused(made.rebuilt(nodes=(replace(node, inputs=peephole),)), "peephole")
    refused(
        made.rebuilt(nodes=(replace(node, inputs=(*node.inputs[:1], None, *node.inputs[2:])),)), "missing"
    )
    refused(
        made.rebuilt(tensors={**tensors, "cells": replace(tensors["cells"], variable=False)}), "no variable"
    )
    refused(
        made.rebuilt(tensors={**tensors, "cells": replace(tensors["cells"], quant=quant(0.003))}),
        "power of two",
    )
    refused(made.rebuilt(nodes=(replace(node, attrs=LstmAttrs(cell_clip=-1.0)),)), "cell_clip")
    refused(made.rebuilt(nodes=(replace(node, attrs=LstmAttrs(cell_clip=1e-6)),)), "one step")
