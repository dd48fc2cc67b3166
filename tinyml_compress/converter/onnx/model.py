"""What an .onnx file holds: nodes, constants and ports, read without the `onnx` package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter.onnx.wire import Message
from tinyml_compress.errors import ModelError, UnsupportedOperator, about
from tinyml_compress.support import files

Array = npt.NDArray[Any]
Size = int | str | None
OPSETS = (7, 23)
"""The oldest and the newest version of ai.onnx whose operators are known."""
_DEEPEST = 16
_TYPES: dict[int, Any] = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    4: np.uint16,
    5: np.int16,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
    12: np.uint32,
    13: np.uint64,
    16: np.float32,
}
_NAMES = {8: "strings", 14: "complex64", 15: "complex128", 21: "uint4", 22: "int4"}
_BFLOAT16 = 16
"""Becomes float32: the upper half of one."""
_EXTERNAL = 1


@dataclass(frozen=True, eq=False)
class OnnxNode:
    """One operator."""

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    """Empty where an input is left out."""
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """For messages."""
        kind = self.op if not self.domain else f"{self.domain}:{self.op}"
        return f"{kind} {self.name or '-> ' + ', '.join(self.outputs)}"


@dataclass(frozen=True)
class OnnxPort:
    """An input or output; a size is a number, a name, or not said."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[Size, ...]


@dataclass(frozen=True, eq=False)
class OnnxGraph:
    """Nodes in the order in which they run."""

    nodes: tuple[OnnxNode, ...]
    constants: Mapping[str, Array]
    inputs: tuple[OnnxPort, ...]
    """Without those that have a value in the file."""
    outputs: tuple[OnnxPort, ...]


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """A file."""

    graph: OnnxGraph
    opset: int
    producer: str

    @property
    def parameters(self) -> int:
        """Numbers in its constants that are not whole."""
        return sum(array.size for array in self.graph.constants.values() if array.dtype.kind not in "iub")

    @property
    def has_gelu(self) -> bool:
        return any(node.op == "Gelu" for node in self.graph.nodes)

    @property
    def is_quantized(self) -> bool:
        return any(node.op == "DequantizeLinear" for node in self.graph.nodes)


def read_onnx(path: Path) -> OnnxModel:
    """The model of a file, with the weights that lie beside it."""
    return _parse_onnx(files.read_bytes(path), path)


def _parse_onnx(content: bytes, path: Path) -> OnnxModel:
    """The model of a file's bytes; `path` is where they are from."""
    with about(path):
        message = Message(memoryview(content))
        if 7 not in message or 8 not in message:
            raise ModelError(
                "the ONNX file is damaged or is none",
                found="no graph" if 7 not in message else "no version of its operators",
                next_step="export it again",
            )
        versions = {one.text(1): one.number(2) for one in message.messages(8)}
        opset = versions.get("", versions.get("ai.onnx"))
        if opset is None:
            raise UnsupportedOperator(
                "the model uses none of ONNX's own operators", found=", ".join(versions), allowed="ai.onnx"
            )
        if not OPSETS[0] <= opset <= OPSETS[1]:
            step = f"export it with opset_version={17 if opset > OPSETS[1] else OPSETS[0] + 6}"
            raise ModelError(
                "the ONNX file is of a version of ai.onnx that is not known",
                found=f"opset {opset}",
                allowed=f"{OPSETS[0]} to {OPSETS[1]}",
                next_step=f"{step}, or change it with onnx.version_converter",
            )
        functions = [one.text(1) for one in message.messages(25)]
        graph = _graph(message.message(7), path.parent, 0)
        used = sorted({node.op for node in graph.nodes if node.op in functions})
        if used:
            raise UnsupportedOperator(
                "the model calls functions of its own",
                which=", ".join(used),
                next_step="inline them: onnx.inliner.inline_local_functions(model)",
            )
        return OnnxModel(graph, opset, f"{message.text(2)} {message.text(3)}".strip())


def parse_tensor(content: bytes, path: Path) -> Array:
    """A tensor that is a file of its own."""
    with about(path):
        return _tensor(Message(memoryview(content)), path.parent)


def _graph(message: Message, folder: Path, depth: int) -> OnnxGraph:
    if depth > _DEEPEST:
        raise ModelError("graphs lie in graphs", found=f"{depth} deep", allowed=f"{_DEEPEST}")
    constants: dict[str, Array] = {}
    for tensor in message.messages(5):
        constants[tensor.text(8)] = _tensor(tensor, folder)
    if 15 in message:
        raise UnsupportedOperator("constants are stored sparse", next_step="store them dense")
    nodes = tuple(_node(node, folder, depth) for node in message.messages(1))
    inputs = tuple(_port(port) for port in message.messages(11) if port.text(1) not in constants)
    outputs = tuple(_port(port) for port in message.messages(12))
    return OnnxGraph(nodes, constants, inputs, outputs)


def _node(message: Message, folder: Path, depth: int) -> OnnxNode:
    domain = message.text(7)
    attributes = {}
    node = OnnxNode(
        message.text(4),
        "" if domain == "ai.onnx" else domain,
        message.text(3),
        tuple(message.texts(1)),
        tuple(message.texts(2)),
    )
    with about(node.title):
        for attribute in message.messages(5):
            attributes[attribute.text(1)] = _attribute(attribute, folder, depth)
    return OnnxNode(node.op, node.domain, node.name, node.inputs, node.outputs, attributes)


def _attribute(message: Message, folder: Path, depth: int) -> Any:
    kind = message.number(20)
    if kind == 1:
        return (message.floats(2) or [0.0])[-1]
    if kind == 2:
        return message.number(3)
    if kind == 3:
        return message.raw(4)
    if kind == 4:
        return _tensor(message.message(5), folder)
    if kind == 5:
        return _graph(message.message(6), folder, depth + 1)
    if kind == 6:
        return message.floats(7)
    if kind == 7:
        return message.numbers(8)
    if kind == 8:
        return message.strings(9)
    raise UnsupportedOperator(
        "an attribute is of a kind that is not known", which=message.text(1), found=kind
    )


def _port(message: Message) -> OnnxPort:
    name, kind = message.text(1), message.message(2)
    if 1 not in kind:
        raise UnsupportedOperator(
            "an input or output is no tensor", which=name, allowed="tensors; no sequences, maps or optionals"
        )
    tensor = kind.message(1)
    shape: list[Size] = []
    for size in tensor.message(2).messages(1):
        shape.append(size.number(1) if 1 in size else size.text(2) or None)
    return OnnxPort(name, _type(tensor.number(1), name), tuple(shape))


def _type(number: int, name: str) -> np.dtype[Any]:
    if number not in _TYPES:
        raise UnsupportedOperator(
            "values of this type are not known",
            which=name,
            found=_NAMES.get(number, f"type {number}"),
            allowed="float32, float16, bfloat16, float64, integers of 8 to 64 bits, bool",
        )
    return np.dtype(_TYPES[number])


def _tensor(message: Message, folder: Path) -> Array:
    name, kind = message.text(8), message.number(2)
    dtype, shape = _type(kind, name), tuple(message.numbers(1))
    if kind == _BFLOAT16:
        dtype = np.dtype(np.uint16)
    if any(size < 0 for size in shape):
        raise ModelError("a constant has a size below zero", which=name, found=shape)
    count = int(np.prod([1, *shape], dtype=object))
    values: Array
    if message.number(14) == _EXTERNAL:
        values = _external(message, folder, name, dtype, count)
    elif 9 in message:
        raw = message.raw(9)
        values = np.frombuffer(raw, dtype) if len(raw) == count * dtype.itemsize else np.zeros(0, dtype)
    elif dtype in (np.float32, np.float64):
        number = 4 if dtype == np.float32 else 10
        raw = message.raw(number)
        values = np.frombuffer(raw[: len(raw) // dtype.itemsize * dtype.itemsize], dtype)
    elif dtype == np.int64:
        values = np.array(message.numbers(7), np.int64)
    elif dtype in (np.uint32, np.uint64):
        values = np.array(message.numbers(11), np.int64).astype(dtype)
    elif dtype == np.float16:  # stored by their bits
        values = np.array(message.numbers(5), np.int64).astype(np.uint16).view(dtype)
    else:
        values = np.array(message.numbers(5), np.int64).astype(dtype)
    if len(values) != count:
        raise ModelError(
            "a constant has another size than it says",
            which=name,
            found=f"{len(values)} values of {dtype}, or bytes that do not divide",
            allowed=f"{count} for the shape {shape}",
            next_step="the file is damaged: export or copy it again",
        )
    if kind == _BFLOAT16:
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(shape)


def _external(message: Message, folder: Path, name: str, dtype: np.dtype[Any], count: int) -> Array:
    told = {entry.text(1): entry.text(2) for entry in message.messages(13)}
    place = PurePosixPath(told.get("location", ""))
    if not place.name or place.is_absolute() or ".." in place.parts:
        raise ModelError(
            "weights lie outside of the model's folder",
            which=name,
            found=told.get("location", "no place"),
            allowed="a file in the folder of the .onnx file or below it",
        )
    path = folder / place
    if not path.is_file():
        raise ModelError(
            "the file with the weights is missing",
            which=f"{place}, which holds {name}",
            found="no such file",
            next_step=f"put {place} beside the .onnx file, or export with the weights inside",
        )
    try:
        offset, size = int(told.get("offset", "0")), int(told.get("length", count * dtype.itemsize))
    except ValueError as error:
        raise ModelError("the place of the weights is not a number", which=name, found=told) from error
    held = path.stat().st_size
    if size != count * dtype.itemsize or offset < 0 or offset + size > held:
        raise ModelError(
            "the file with the weights is shorter than the model says",
            which=f"{place}, which holds {name}",
            found=f"bytes {offset} to {offset + size} of {held}",
            allowed=f"{count * dtype.itemsize} bytes",
            next_step="copy both files again: they belong together",
        )
    with path.open("rb") as stream:
        stream.seek(offset)
        return np.frombuffer(stream.read(size), dtype)
