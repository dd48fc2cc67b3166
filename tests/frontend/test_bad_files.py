"""Every way in which a .tflite file can lie ends in an error that says what, which, found and allowed."""

from __future__ import annotations

import math
import struct
import time
from dataclasses import replace

import flatbuffers
import numpy as np
import pytest
import tflite

from tests.lib.graphs import const, graph, tensor
from tests.lib.surgery import edited, sites
from tinyml_compress import passes
from tinyml_compress.errors import GraphError, ModelError, TinymlError, UnsupportedOperator
from tinyml_compress.formats import flat
from tinyml_compress.frontend import read, reader, write
from tinyml_compress.ir import DType, Node
from tinyml_compress.ops import operator

T = "graph[0].tensor"
OP = "graph[0].operator"
X, W, B, MIDDLE, C, Y = range(6)


def _file() -> bytes:
    """x -> CONV_2D -> middle -> ADD c -> y."""
    tensors = [
        tensor("x", (1, 4, 4, 2), 0.5, 3),
        const("w", np.arange(6).reshape(3, 1, 1, 2), [0.1, 0.2, 0.3], axis=0),
        const("b", [1, 2, 3], [0.05, 0.1, 0.15], dtype=DType.INT32),
        tensor("middle", (1, 4, 4, 3), 0.25, -1),
        const("c", [1, 2, 3], 0.5, 1),
        tensor("y", (1, 4, 4, 3), 0.75, 2),
    ]
    nodes = [
        Node("CONV_2D", ("x", "w", "b"), ("middle",), operator("CONV_2D").attrs_type()),
        Node("ADD", ("middle", "c"), ("y",), operator("ADD").attrs_type()),
    ]
    return write(graph(tensors, nodes, ["x"], ["y"]))


FILE = _file()
CONV_CODE = 1
"""Operator codes are written in alphabetical order."""


def _ending(file: bytes) -> TinymlError | None:
    """The error in which this file ends, if it does; anything but ours is raised."""
    try:
        passes.run(read(file, "bad"))
    except TinymlError as error:
        return error
    return None


def _refuse(file: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        passes.run(read(file, "bad"))
    return str(caught.value)


def test_the_file_itself_is_sound() -> None:
    assert len(passes.run(read(FILE, "good")).nodes) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 4}, ["schema version", "found:   4", "allowed: 3"]),
        ({f"{T}[0].shape[1]": -1}, ["negative dimension", "tensor 0 (x)", "[1, -1, 4, 2]"]),
        ({f"{T}[0].shape[1]": 0}, ["empty", "tensor 0 (x)", "[1, 0, 4, 2]"]),
        ({f"{T}[0].shape[{i}]": 2**31 - 1 for i in range(4)}, ["too large", "tensor 0 (x)"]),
        ({f"{T}[1].shape.length": 9}, ["too many dimensions", "found:   9", "allowed: at most 8"]),
        ({f"{T}[3].shape[3]": 4}, ["CONV_2D", "another shape", "[1, 4, 4, 4]", "[1, 4, 4, 3]"]),
        ({f"{T}[1].shape[0]": 4}, ["data does not fit", "tensor 1 (w)", "6 bytes", "8 bytes"]),
        ({f"{T}[0].type": 5}, ["element type", "STRING", "INT8"]),
        ({f"{T}[0].type": 99}, ["element type", "number 99"]),
        ({f"{T}[0].type": 7}, ["CONV_2D", "element type", "i16"]),
        ({f"{T}[5].type": 7}, ["ADD", "i16"]),
        ({f"{T}[1].type": 3}, ["CONV_2D", "u8"]),
        ({f"{T}[1].buffer": 77}, ["buffer index", "found:   77", "allowed: 0 to 3"]),
        ({f"{T}[2].buffer": 1}, ["data does not fit", "tensor 2 (b)", "6 bytes", "12 bytes"]),
        ({f"{T}[0].quant.scale[0]": 0.0}, ["CONV_2D", "scale", "tensor x", "found:   0.0", "above 0"]),
        ({f"{T}[0].quant.scale[0]": -0.5}, ["scale", "-0.5"]),
        ({f"{T}[0].quant.scale[0]": math.nan}, ["scale", "nan"]),
        ({f"{T}[1].quant.scale[2]": math.inf}, ["CONV_2D", "scale", "weights", "found:   inf"]),
        ({f"{T}[0].quant.scale.length": 0}, ["tensor x has no quantization"]),
        ({f"{T}[0].quant.zero_point[0]": 128}, ["CONV_2D", "zero point", "tensor x", "128", "-128 to 127"]),
        ({f"{T}[0].quant.zero_point.length": 0}, ["tensor x has no quantization"]),
        (
            {f"{T}[1].shape[0]": 1, f"{T}[1].shape[2]": 3},
            ["weights quantized along another axis", "3 scales along axis 0"],
        ),
        ({f"{OP}[0].inputs[0]": 77}, ["tensor index", "CONV_2D", "found:   77", "0 to 5"]),
        ({f"{OP}[0].inputs[0]": -2}, ["tensor index", "-2"]),
        ({f"{OP}[0].inputs[0]": -1}, ["CONV_2D", "inputs"]),
        ({f"{OP}[0].inputs.length": 0}, ["CONV_2D", "inputs"]),
        ({f"{OP}[0].inputs[0]": Y}, ["before it is made", "tensor 5 (y)", "later operator"]),
        ({f"{OP}[0].inputs[0]": MIDDLE}, ["before it is made", "tensor 3 (middle)", "by it"]),
        ({f"{OP}[1].outputs[0]": MIDDLE}, ["made twice", "made by another"]),
        ({f"{OP}[0].outputs[0]": W}, ["made twice", "a constant"]),
        ({f"{OP}[0].outputs[0]": X}, ["made twice", "a graph input"]),
        ({f"{OP}[0].outputs[0]": -1}, ["tensor index", "-1"]),
        ({f"{OP}[0].outputs.length": 0}, ["no output"]),
        ({f"{OP}[0].opcode": 9}, ["operator code", "found:   9", "0 to 1"]),
        ({f"code[{CONV_CODE}].number": 5000}, ["unknown operator number", "5000"]),
        ({f"code[{CONV_CODE}].number": 10}, ["HASHTABLE_LOOKUP", "not supported", "tflm"]),
        ({f"code[{CONV_CODE}].number": 32}, ["custom operator"]),
        ({f"{OP}[0].options_type": 5}, ["options are missing", "Pool2DOptions", "Conv2DOptions"]),
        ({f"{OP}[0].options_type": 250}, ["options are missing", "250"]),
        ({"graph[0].inputs[0]": W}, ["graph input is a constant"]),
        ({"graph[0].inputs[0]": 6}, ["tensor index", "graph input"]),
        ({"graph[0].inputs.length": 0}, ["before it is made", "tensor 0 (x)", "nowhere"]),
        ({"graph[0].outputs[0]": -1}, ["tensor index", "graph output"]),
        ({"graph[0].outputs.length": 0}, ["no output"]),
        ({"buffer[1].data.length": 5}, ["data does not fit"]),
        ({"buffer[1].data.length": 2**32 - 1}, ["damaged", "buffer 1"]),
        ({"graph[0].tensor.length": 2**32 - 1}, ["too many tensors", str(flat.MAX_TABLES)]),
        ({"graph.length": 0}, ["0 subgraphs"]),
        ({"graph.length": 2}, ["damaged", "subgraph 1"]),
        ({"graph.length": 99}, ["too many subgraphs", "99", "64"]),
        ({"root": 2**32 - 1}, ["damaged", "header"]),
        ({f"{T}[0].offset": 2**32 - 1}, ["damaged", "tensor 0"]),
        ({f"{T}[0].vtable": -(2**31)}, ["damaged", "tensor 0"]),
        ({f"{T}[0].name.offset": 2**31}, ["damaged", "tensor 0"]),
    ],
    ids=lambda value: ",".join(f"{k}={v}" for k, v in value.items())[:60] if isinstance(value, dict) else "",
)
def test_lies(changes: dict[str, float], words: list[str]) -> None:
    if f"code[{CONV_CODE}].number" in changes:
        number = int(changes[f"code[{CONV_CODE}].number"])
        changes = {**changes, f"code[{CONV_CODE}].deprecated": min(number, 127)}
    message = _refuse(edited(FILE, changes))
    for word in words:
        assert word in message, message


@pytest.mark.parametrize("value", [77, -1])
def test_unknown_option_values(value: int) -> None:
    padding = struct.pack("b", value)
    site = sites(FILE)
    slots = [p for p in site if p.startswith(f"{OP}[0].options.slot")]
    endings = [
        _ending(FILE[: site[slot].position] + padding + FILE[site[slot].position + 1 :]) for slot in slots
    ]
    assert any(endings)
    assert all("CONV_2D" in str(ending) for ending in endings if ending is not None)


def test_the_larger_operator_number_counts() -> None:
    """Runtimes take the larger of the old and the new field."""
    for changes in ({f"code[{CONV_CODE}].number": 10}, {f"code[{CONV_CODE}].deprecated": 10}):
        assert "HASHTABLE_LOOKUP" in _refuse(edited(FILE, changes))
    assert _ending(edited(FILE, {f"code[{CONV_CODE}].deprecated": 0})) is None


def test_every_truncation() -> None:
    for size in range(len(FILE)):
        ending = _ending(FILE[:size])
        assert ending is None or "Traceback" not in str(ending)


@pytest.mark.parametrize(
    "file", [b"", b"\0", b"TFL3", b"\0" * 100, b"\0\0\0\0TFL3", b"PK\3\4" + bytes(50), bytes(8)]
)
def test_other_files(file: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        read(file, "other")
    assert caught.value.next_step


def test_all_numbers_at_their_ends() -> None:
    """Each number of the file at its lowest, highest, and neighbouring values: our error, or a
    sound graph.
    """
    for path, site in sites(FILE).items():
        size = struct.calcsize(site.format)
        for raw in (
            b"\0" * size,
            b"\xff" * size,
            b"\xff" * (size - 1) + b"\x7f",
            b"\0" * (size - 1) + b"\x80",
        ):
            file = FILE[: site.position] + raw + FILE[site.position + size :]
            assert not isinstance(_ending(file), GraphError), path


def _flat_tensor(index: int, **changes: object) -> flat.FlatModel:
    model = flat.decode(FILE)
    tensors = list(model.tensors)
    tensors[index] = replace(tensors[index], **changes)  # type: ignore[arg-type]
    return replace(model, tensors=tuple(tensors))


def _refuse_flat(model: flat.FlatModel, *words: str) -> None:
    with pytest.raises(ModelError) as caught:
        reader.Reading(model).graph("bad")
    for word in words:
        assert word in str(caught.value)


def test_sparse_tensor() -> None:
    _refuse_flat(_flat_tensor(W, sparse=True), "sparse", "tensor 1 (w)")


def test_variable_tensor() -> None:
    _refuse_flat(
        _flat_tensor(X, variable=True), "variable tensor has another origin", "an input of the graph"
    )
    _refuse_flat(_flat_tensor(W, variable=True), "variable tensor has another origin", "a constant's data")
    kept = reader.Reading(replace(_flat_tensor(X, variable=True), inputs=())).graph("keeps")
    assert kept.tensors["x"].variable


def test_an_ordinary_operator_writes_no_variable() -> None:
    model = flat.decode(FILE)
    made = model.operators[0].outputs[0]
    with pytest.raises(UnsupportedOperator, match="writes a variable tensor"):
        passes.run(reader.Reading(_flat_tensor(made, variable=True)).graph("bad"))


def test_one_table_named_thousands_of_times_is_refused_quickly() -> None:
    """10,000 tensors that all are one table with a name of 1 MB would be 10 GB of text."""
    builder = flatbuffers.Builder(1 << 21)
    name = builder.CreateString("n" * (1 << 20))
    tflite.TensorStart(builder)
    tflite.TensorAddName(builder, name)
    one = tflite.TensorEnd(builder)
    tflite.SubGraphStartTensorsVector(builder, 10_000)
    for _ in range(10_000):
        builder.PrependUOffsetTRelative(one)
    tensors = builder.EndVector()
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    subgraph = tflite.SubGraphEnd(builder)
    tflite.ModelStartSubgraphsVector(builder, 1)
    builder.PrependUOffsetTRelative(subgraph)
    subgraphs = builder.EndVector()
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddSubgraphs(builder, subgraphs)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    started = time.perf_counter()
    with pytest.raises(ModelError, match="over and over"):
        read(bytes(builder.Output()), "bomb")
    assert time.perf_counter() - started < 2.0
