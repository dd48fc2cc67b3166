"""A graph becomes a .tflite file: the reader's tables the other way, the same bytes for the same graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite

from tinyml_compress.errors import ModelError
from tinyml_compress.formats import schema
from tinyml_compress.frontend.flex import packed
from tinyml_compress.ir import DType, Graph, Node, Quant, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Body, Options

_ALIGN = 16
"""Alignment of constants within the file, as the converter gives them."""
_OLD_CODE_LIMIT = 127
"""From here on an operator's number no longer fits the deprecated 8-bit field."""


def write(graph: Graph, *, names: bool = True) -> bytes:
    """The .tflite file of a graph; tensors carry no names when `names` is False.

    Operator versions are 1: TensorFlow Lite Micro and LiteRT look at types instead.
    """
    builder = flatbuffers.Builder(1024)
    family = _family(graph)
    codes = sorted({node.op for member in family for node in member.nodes})
    vectors = _Vectors(builder)
    buffers = [_buffer(builder, None)]
    members: list[int] = []
    for member in family:
        tensors = []
        for tensor in member.tensors.values():
            if tensor.data is not None and tensor.elements:
                buffers.append(_buffer(builder, tensor))
                tensors.append(_tensor(builder, tensor, len(buffers) - 1, vectors, names))
            else:
                tensors.append(_tensor(builder, tensor, 0, vectors, names))
        numbers = {name: index for index, name in enumerate(member.tensors)}
        hints: dict[str, int] = {}
        for hint in (hint for node in member.nodes for hint in node.intermediates):
            hints[hint.name] = len(tensors)
            tensors.append(_tensor(builder, hint, 0, vectors, names))
        bodies = [_place(family, body) for body in member.subgraphs]
        operators = [
            _operator(builder, node, codes.index(node.op), numbers, hints, bodies) for node in member.nodes
        ]
        members.append(_subgraph(builder, member, numbers, tensors, operators, len(members)))
    code_tables = [_code(builder, name) for name in codes]
    description = builder.CreateString("tinyml_compress")
    subgraphs = _tables(builder, tflite.ModelStartSubgraphsVector, members)
    all_codes = _tables(builder, tflite.ModelStartOperatorCodesVector, code_tables)
    all_buffers = _tables(builder, tflite.ModelStartBuffersVector, buffers)
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, schema.VERSION)
    tflite.ModelAddOperatorCodes(builder, all_codes)
    tflite.ModelAddSubgraphs(builder, subgraphs)
    tflite.ModelAddDescription(builder, description)
    tflite.ModelAddBuffers(builder, all_buffers)
    builder.Finish(tflite.ModelEnd(builder), schema.IDENTIFIER)
    return bytes(builder.Output())


def _family(graph: Graph) -> list[Graph]:
    """The graph and everything it runs, each once: their places are their numbers in the file."""
    family = [graph]
    for member in family:
        for body in member.subgraphs:
            if all(body is not known for known in family):
                family.append(body)
    return family


def _place(family: Sequence[Graph], body: Graph) -> int:
    return next(number for number, member in enumerate(family) if member is body)


_Start = Callable[[flatbuffers.Builder, int], int]


def _tables(builder: flatbuffers.Builder, start: _Start, tables: Sequence[int]) -> int:
    start(builder, len(tables))
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return int(builder.EndVector())


def _ints(builder: flatbuffers.Builder, start: _Start, values: Sequence[int]) -> int:
    start(builder, len(values))
    for value in reversed(values):
        builder.PrependInt32(value)
    return int(builder.EndVector())


def _subgraph(
    builder: flatbuffers.Builder,
    graph: Graph,
    numbers: dict[str, int],
    tensors: Sequence[int],
    operators: Sequence[int],
    number: int,
) -> int:
    name = builder.CreateString(f"body{number}" if number else "main")
    all_tensors = _tables(builder, tflite.SubGraphStartTensorsVector, tensors)
    all_operators = _tables(builder, tflite.SubGraphStartOperatorsVector, operators)
    inputs = _ints(builder, tflite.SubGraphStartInputsVector, [numbers[name] for name in graph.inputs])
    outputs = _ints(builder, tflite.SubGraphStartOutputsVector, [numbers[name] for name in graph.outputs])
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, all_tensors)
    tflite.SubGraphAddInputs(builder, inputs)
    tflite.SubGraphAddOutputs(builder, outputs)
    tflite.SubGraphAddOperators(builder, all_operators)
    tflite.SubGraphAddName(builder, name)
    return int(tflite.SubGraphEnd(builder))


# --- tensors ---


def _buffer(builder: flatbuffers.Builder, tensor: Tensor | None) -> int:
    data = None if tensor is None else _aligned_bytes(builder, _packed(tensor))
    tflite.BufferStart(builder)
    if data is not None:
        tflite.BufferAddData(builder, data)
    return int(tflite.BufferEnd(builder))


def _packed(tensor: Tensor) -> bytes:
    """A constant's bytes as the file holds them: little-endian, int4 two per byte."""
    assert tensor.data is not None
    if tensor.dtype is DType.INT4:
        halves = (tensor.data.astype(np.int8).reshape(-1).view(np.uint8) & 15).astype(np.uint8)
        if halves.size % 2:
            halves = np.append(halves, np.uint8(0))
        packed: npt.NDArray[np.uint8] = halves[0::2] | (halves[1::2] << np.uint8(4))
        return packed.tobytes()
    little = tensor.dtype.numpy.newbyteorder("<")
    return np.ascontiguousarray(tensor.data, dtype=little).tobytes()


def _aligned_bytes(builder: flatbuffers.Builder, data: bytes) -> int:
    """A byte vector whose first byte is aligned; the library's own CreateByteVector aligns its
    length only.
    """
    builder.StartVector(1, len(data), _ALIGN)
    builder.head = builder.head - len(data)
    builder.Bytes[builder.head : builder.head + len(data)] = data
    return int(builder.EndVector())


class _Vectors:
    """Vectors of quantization, each content written once: per-channel zero points are the same for most
    tensors.
    """

    def __init__(self, builder: flatbuffers.Builder) -> None:
        self._builder = builder
        self._written: dict[tuple[str, tuple[float, ...]], int] = {}

    def scales(self, values: tuple[float, ...]) -> int:
        start = tflite.QuantizationParametersStartScaleVector
        return self._once("scales", values, start, self._builder.PrependFloat32)

    def zero_points(self, values: tuple[int, ...]) -> int:
        start = tflite.QuantizationParametersStartZeroPointVector
        return self._once("zero_points", values, start, self._builder.PrependInt64)

    def _once(self, kind: str, values: tuple[Any, ...], start: _Start, prepend: Callable[[Any], None]) -> int:
        if (kind, values) not in self._written:
            start(self._builder, len(values))
            for value in reversed(values):
                prepend(value)
            self._written[kind, values] = int(self._builder.EndVector())
        return self._written[kind, values]


def _tensor(builder: flatbuffers.Builder, tensor: Tensor, buffer: int, vectors: _Vectors, names: bool) -> int:
    name = builder.CreateString(tensor.name) if names else None
    shape = _ints(builder, tflite.TensorStartShapeVector, tensor.shape)
    quant = None if tensor.quant is None else _quant(builder, tensor.quant, vectors)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, schema.TYPE_OF[tensor.dtype])
    tflite.TensorAddBuffer(builder, buffer)
    if name is not None:
        tflite.TensorAddName(builder, name)
    if quant is not None:
        tflite.TensorAddQuantization(builder, quant)
    tflite.TensorAddHasRank(builder, True)
    if tensor.variable:
        tflite.TensorAddIsVariable(builder, True)
    return int(tflite.TensorEnd(builder))


def _quant(builder: flatbuffers.Builder, quant: Quant, vectors: _Vectors) -> int:
    scales = vectors.scales(quant.scales)
    zero_points = vectors.zero_points(quant.zero_points)
    tflite.QuantizationParametersStart(builder)
    tflite.QuantizationParametersAddScale(builder, scales)
    tflite.QuantizationParametersAddZeroPoint(builder, zero_points)
    tflite.QuantizationParametersAddQuantizedDimension(builder, quant.axis or 0)
    return int(tflite.QuantizationParametersEnd(builder))


# --- operators ---


def _code(builder: flatbuffers.Builder, name: str) -> int:
    custom = builder.CreateString(name) if operator(name).custom else None
    number = schema.OPERATOR_NUMBERS["CUSTOM" if custom is not None else name]
    tflite.OperatorCodeStart(builder)
    if custom is not None:
        tflite.OperatorCodeAddCustomCode(builder, custom)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(number, _OLD_CODE_LIMIT))
    tflite.OperatorCodeAddVersion(builder, 1)
    tflite.OperatorCodeAddBuiltinCode(builder, number)
    return int(tflite.OperatorCodeEnd(builder))


def _operator(
    builder: flatbuffers.Builder,
    node: Node,
    code: int,
    numbers: dict[str, int],
    hints: dict[str, int],
    bodies: Sequence[int],
) -> int:
    known = operator(node.op, node.name)
    _refuse_inexpressible(node, known.options)
    options = (
        None if known.options is None or known.custom else _options(builder, node, known.options, bodies)
    )
    own = (
        _aligned_bytes(builder, packed(node.attrs, known.options)) if known.options and known.custom else None
    )
    inputs = [-1 if name is None else numbers[name] for name in node.inputs]
    input_vector = _ints(builder, tflite.OperatorStartInputsVector, inputs)
    output_vector = _ints(
        builder, tflite.OperatorStartOutputsVector, [numbers[name] for name in node.outputs]
    )
    named = [hints[hint.name] for hint in node.intermediates]
    hint_vector = _ints(builder, tflite.OperatorStartIntermediatesVector, named) if named else None
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, code)
    tflite.OperatorAddInputs(builder, input_vector)
    tflite.OperatorAddOutputs(builder, output_vector)
    if known.options is not None and options is not None:
        tflite.OperatorAddBuiltinOptionsType(builder, schema.options_number(known.options.table))
        tflite.OperatorAddBuiltinOptions(builder, options)
    if hint_vector is not None:
        tflite.OperatorAddIntermediates(builder, hint_vector)
    if own is not None:
        tflite.OperatorAddCustomOptions(builder, own)
    return int(tflite.OperatorEnd(builder))


def _refuse_inexpressible(node: Node, options: Options | None) -> None:
    """What a pass put into attributes beyond the schema (folded padding) has no place in the file."""
    written = {field.attr for field in options.fields} if options is not None else set()
    for field in fields(node.attrs):
        if field.name in written:
            continue
        value = getattr(node.attrs, field.name)
        if field.default is MISSING or value != field.default:
            raise ModelError(
                f"{node.op}: attribute {field.name} has no place in a .tflite file",
                which=node.name or node.op,
                found=value,
                next_step="write the graph before the passes rewrite it",
            )


def _options(builder: flatbuffers.Builder, node: Node, options: Options, bodies: Sequence[int]) -> int:
    module = schema.options_module(options.table)
    vectors: dict[str, int] = {}
    for field in options.fields:
        if field.kind is tuple:
            start = getattr(module, f"{options.table}Start{schema.accessor(field.schema)}Vector")
            vectors[field.attr] = _ints(builder, start, getattr(node.attrs, field.attr))
        if field.kind is str:
            vectors[field.attr] = builder.CreateString(getattr(node.attrs, field.attr))
    getattr(module, f"{options.table}Start")(builder)
    for field in options.fields:
        value = vectors.get(field.attr, getattr(node.attrs, field.attr))
        if isinstance(value, Enum):
            value = value.value
        if field.kind is Body:
            value = bodies[value]
        getattr(module, f"{options.table}Add{schema.accessor(field.schema)}")(builder, value)
    return int(getattr(module, f"{options.table}End")(builder))
