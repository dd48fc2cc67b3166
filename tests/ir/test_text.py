"""The text form of a graph is stable: these texts change only when the form is meant to."""

from __future__ import annotations

import numpy as np

from tests.lib.graph_text import to_text
from tests.lib.graphs import const, graph, single, tensor
from tests.lib.messy import messy
from tinyml_compress import passes
from tinyml_compress.ir import DType, Node
from tinyml_compress.ops import operator
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.numerics import Activation, Padding

BEFORE = """\
graph "small"
input "x" i8[1, 4, 4, 2] scale 0.5 zero 3
const "border" i32[4, 2] = [0, 0, 1, 1, 1, 1, 0, 0]
const "w" i8[3, 3, 3, 2] scales along 0 [0.100000001, 0.200000003, 0.300000012] zero 0 = sha256 675f28acc0b9
const "b" i32[3] scales along 0 [0.0500000007, 0.100000001, 0.150000006] zero 0 = [1, -2, 3]
node 0 PAD "net/border"
  in  "x"
  in  "border"
  out "padded" i8[1, 6, 6, 2] scale 0.5 zero 3
node 1 CONV_2D "net/conv" padding=VALID stride_w=1 stride_h=1 activation=NONE dilation_w=1 dilation_h=1 \
pads=None strip_of=None
  in  "padded"
  in  "w"
  in  "b"
  out "sum" i8[1, 4, 4, 3] scale 0.25 zero -128
node 2 RELU6 "net/act"
  in  "sum"
  out "y" i8[1, 4, 4, 3] scale 0.25 zero -128
output "y"
"""
AFTER = """\
graph "small"
input "x" i8[1, 4, 4, 2] scale 0.5 zero 3
const "w" i8[3, 3, 3, 2] scales along 0 [0.100000001, 0.200000003, 0.300000012] zero 0 = sha256 675f28acc0b9
const "b" i32[3] scales along 0 [0.0500000007, 0.100000001, 0.150000006] zero 0 = [1, -2, 3]
node 0 CONV_2D "net/conv" padding=VALID stride_w=1 stride_h=1 activation=RELU6 dilation_w=1 dilation_h=1 \
pads=(1, 1, 1, 1) strip_of=None
  in  "x"
  in  "w"
  in  "b"
  out "y" i8[1, 4, 4, 3] scale 0.25 zero -128
output "y"
"""


def test_before_and_after_the_passes() -> None:
    tensors = [
        tensor("x", (1, 4, 4, 2), 0.5, 3),
        const("border", [[0, 0], [1, 1], [1, 1], [0, 0]], dtype=DType.INT32),
        tensor("padded", (1, 6, 6, 2), 0.5, 3),
        const("w", np.arange(54).reshape(3, 3, 3, 2), [0.1, 0.2, 0.3], axis=0),
        const("b", [1, -2, 3], [0.05, 0.1, 0.15], dtype=DType.INT32),
        tensor("sum", (1, 4, 4, 3), 0.25, -128),
        tensor("y", (1, 4, 4, 3), 0.25, -128),
    ]
    nodes = [
        Node("PAD", ("x", "border"), ("padded",), operator("PAD").attrs_type(), "net/border"),
        Node("CONV_2D", ("padded", "w", "b"), ("sum",), Conv2DAttrs(Padding.VALID), "net/conv"),
        Node("RELU6", ("sum",), ("y",), operator("RELU6").attrs_type(), "net/act"),
    ]
    small = graph(tensors, nodes, ["x"], ["y"], "small")
    assert to_text(small) == BEFORE
    assert to_text(passes.run(small)) == AFTER


def test_unusual_values() -> None:
    held = single(
        "ADD",
        [
            tensor('a "b"\\', (), 1e-9, dtype=DType.UINT8),
            const("c", np.arange(20), np.linspace(0.1, 1, 20), np.arange(20), axis=0),
        ],
        tensor("\u00e9", (20,), dtype=DType.FLOAT32),
        operator("ADD").attrs_type(activation=Activation.RELU_N1_TO_1),
    )
    assert to_text(held).splitlines()[1:6] == [
        'input "a \\"b\\"\\\\" u8[] scale 9.99999972e-10 zero 0',
        'const "c" i8[20] scales along 0 [20 from 0.100000001 to 1 sha256 6c4e5a7791fb] '
        "zero [0 to 19 sha256 ed835609f291] = sha256 e7aebf577f60",
        'node 0 ADD "add" activation=RELU_N1_TO_1',
        '  in  "a \\"b\\"\\\\"',
        '  in  "c"',
    ]
    none = single(
        "FULLY_CONNECTED", [tensor("x", (1,)), None], tensor("y", (1,)), operator("ADD").attrs_type()
    )
    assert "  in  -" in to_text(none).splitlines()


def test_equal_graphs_have_equal_text_and_others_not() -> None:
    texts = [to_text(messy(seed)) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert all(line == line.rstrip() for text in texts for line in text.splitlines())
