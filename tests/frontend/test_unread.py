"""What TensorFlow Lite Micro takes and never reads is no reason to refuse a file: compiled, and equal byte
for byte.

TFLM itself is asked whether it takes each file, so nothing stands here that it refuses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert.schema_py_generated import (
    BuiltinOptions2,
    CustomQuantizationT,
    ModelT,
    StablehloConcatenateOptionsT,
)

from tests.lib.aot import assert_bit_exact, every_isa
from tests.lib.graphs import const, graph, tensor
from tests.lib.surgery import edited
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Node, Quant, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.inspect.verb import inspect_model
from tinyml_compress.support.instruction_sets import Isa

T, OP = "graph[0].tensor", "graph[0].operator"
X, DEPTH, DEPTH_BIAS, A, WEIGHTS, BIAS, B, SIZE, C, DENSE, DENSE_BIAS, D, Y = range(13)
"""Tensors of the net below, in its order."""
DEPTHWISE, CONV, RESHAPE, FULLY_CONNECTED, SOFTMAX = range(5)


def _net() -> Graph:
    """Depthwise, pointwise, flatten, dense, softmax: the layers of a keyword net, each with a scale per
    channel.

    Biases have scales along an axis that they do not have, as in files of some years ago.
    """
    rng = np.random.default_rng(5)

    def some(name: str, *shape: int, axis: int) -> Tensor:
        scales = list(rng.uniform(0.004, 0.01, shape[axis]))
        return const(name, rng.integers(-127, 128, shape), scales, axis=axis)

    def bias(name: str, weights: Tensor, scale: float) -> Tensor:
        assert weights.quant is not None
        scales = tuple(float(np.float32(scale * one)) for one in weights.quant.scales)
        values = const(name, rng.integers(-900, 900, len(scales)), dtype=DType.INT32)
        return replace(values, quant=Quant(scales, (1,) * len(scales), 3))

    depth, point = some("depth", 1, 3, 3, 4, axis=3), some("point", 5, 1, 1, 4, axis=0)
    dense = some("dense", 3, 180, axis=0)
    tensors = [
        tensor("x", (1, 6, 6, 4), 0.05, -3),
        depth,
        bias("depth_bias", depth, 0.05),
        tensor("a", (1, 6, 6, 4), 0.04, 2),
        point,
        bias("point_bias", point, 0.04),
        tensor("b", (1, 6, 6, 5), 0.03, -5),
        const("size", [1, 180], dtype=DType.INT32),
        tensor("c", (1, 180), 0.03, -5),
        dense,
        bias("dense_bias", dense, 0.03),
        tensor("d", (1, 3), 0.1, 7),
        tensor("y", (1, 3), 1 / 256, -128),
    ]
    nodes = [
        Node(
            "DEPTHWISE_CONV_2D",
            ("x", "depth", "depth_bias"),
            ("a",),
            operator("DEPTHWISE_CONV_2D").attrs_type(),
        ),
        Node("CONV_2D", ("a", "point", "point_bias"), ("b",), operator("CONV_2D").attrs_type()),
        Node("RESHAPE", ("b", "size"), ("c",), operator("RESHAPE").attrs_type()),
        Node(
            "FULLY_CONNECTED", ("c", "dense", "dense_bias"), ("d",), operator("FULLY_CONNECTED").attrs_type()
        ),
        Node("SOFTMAX", ("d",), ("y",), operator("SOFTMAX").attrs_type(1.0)),
    ]
    return graph(tensors, nodes, ["x"], ["y"])


FILE = write(_net())
UNREAD: Mapping[str, Mapping[str, float]] = {
    "bias scales along another axis": {f"{T}[{BIAS}].quant.axis": 77, f"{T}[{DEPTH_BIAS}].quant.axis": 1},
    "bias scales along a negative axis": {f"{T}[{DENSE_BIAS}].quant.axis": -1},
    "more bias scales than biases": {
        f"{T}[{BIAS}].quant.scale.length": 4,
        f"{T}[{BIAS}].quant.zero_point.length": 4,
    },
    "a bias scale of zero": {f"{T}[{DEPTH_BIAS}].quant.scale[1]": 0.0},
    "bias scales that are no numbers": {f"{T}[{BIAS}].quant.scale[{i}]": math.nan for i in range(5)},
    "a bias zero point": {f"{T}[{BIAS}].quant.zero_point[0]": 2**40},
    "a bias without zero points": {f"{T}[{BIAS}].quant.zero_point.length": 0},
    "fewer zero points than scales": {f"{T}[{DEPTH}].quant.zero_point.length": 2},
    "zero points of a convolution's weights": {
        f"{T}[{WEIGHTS}].quant.zero_point[{i}]": 3 + i for i in range(5)
    },
    "zero points of depthwise weights": {f"{T}[{DEPTH}].quant.zero_point[{i}]": 300 for i in range(4)},
    "zero points of dense weights": {f"{T}[{DENSE}].quant.zero_point[{i}]": -7 for i in range(3)},
    "a scale of zero in the weights": {f"{T}[{WEIGHTS}].quant.scale[2]": 0.0},
    "the element type of a wanted shape": {f"{T}[{SIZE}].type": 0},
    "options of another operator where none matter": {f"{OP}[{RESHAPE}].options_type": 5},
}


@pytest.mark.parametrize("what", UNREAD)
@every_isa
def test_unread_numbers(what: str, isas: Sequence[Isa]) -> None:
    file = edited(FILE, UNREAD[what])
    assert file != FILE
    assert_bit_exact([file], isas=isas, count=3)


@pytest.mark.parametrize("level", Level, ids=[level.value for level in Level])
def test_all_at_once_at_every_level(level: Level) -> None:
    changes = {path: value for edits in UNREAD.values() for path, value in edits.items()}
    assert_bit_exact([edited(FILE, changes)], isas=Isa.DSP.sets, level=level, count=3)


def test_scales_behind_the_first_of_what_is_computed() -> None:
    """Where one scale is read, it is the first; at the inputs and outputs of the model too."""
    net = _net()
    several = {
        name: replace(made, quant=Quant((made.quant.scale, 9.0), (made.quant.zero_point, 1), 1))
        for name, made in net.tensors.items()
        if not made.is_const and made.quant is not None
    }
    file = write(net.rebuilt(tensors={**net.tensors, **several}))
    assert_bit_exact([file], isas=Isa.DSP.sets, count=3)


def test_bytes_behind_a_constant() -> None:
    """A buffer longer than its tensor: what is too much is not read."""
    net = _net()
    longer = const("size", [1, 180, 77], dtype=DType.INT32)
    file = edited(write(net.rebuilt(tensors={**net.tensors, "size": longer})), {f"{T}[{SIZE}].shape[0]": 2})
    assert_bit_exact([file], count=2)


def test_a_quantization_of_another_kind() -> None:
    """`details` beside scale and zero point: an extension that no runtime here knows."""
    model = ModelT.InitFromPackedBuf(FILE, 0)
    for made in model.subgraphs[0].tensors:
        if made.quantization is not None:
            made.quantization.detailsType = 1
            made.quantization.details = CustomQuantizationT()
    assert_bit_exact([_packed(model)], count=2)


def test_options_of_the_extended_union() -> None:
    model = ModelT.InitFromPackedBuf(FILE, 0)
    for one in model.subgraphs[0].operators:
        one.builtinOptions2Type = BuiltinOptions2.StablehloConcatenateOptions
        one.builtinOptions2 = StablehloConcatenateOptionsT()
    assert_bit_exact([_packed(model)], count=2)


def test_inspect_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "unread.tflite"
    path.write_bytes(edited(FILE, UNREAD["bias scales that are no numbers"]))
    assert inspect_model(path).parameters == sum(t.elements for t in _net().tensors.values() if t.is_const)


def _packed(model: ModelT) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
