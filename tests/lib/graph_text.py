"""A graph as stable text: one fact per line, so that two graphs, or a graph before and after a pass, diff
well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from enum import Enum

import numpy as np

from tinyml_compress.ir.graph import Graph, Node, Tensor
from tinyml_compress.ir.types import Quant
from tinyml_compress.support.files import sha256

_INLINE = 8
"""Constants up to this many elements are written out; longer ones are named by their hash."""


def to_text(graph: Graph) -> str:
    """The graph as text, ending in a newline. Equal graphs give equal text and, but for hashes,
    the reverse.
    """
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    yield f"graph {_quoted(graph.name)}"
    for name in graph.inputs:
        yield f"input {_tensor(graph.tensors[name])}"
    for tensor in graph.tensors.values():
        if tensor.is_const:
            yield f"const {_tensor(tensor)} = {_data(tensor)}"
        elif tensor.variable:
            yield f"variable {_tensor(tensor)}"
    for index, node in enumerate(graph.nodes):
        yield f"node {index} {node.op} {_quoted(node.name)}{_attrs(node)}"
        for source in node.inputs:
            yield f"  in  {'-' if source is None else _quoted(source)}"
        for made in node.outputs:
            yield f"  out {_tensor(graph.tensors[made])}"
        for hint in node.intermediates:
            yield f"  hint {_tensor(hint)}"
    for name in graph.outputs:
        yield f"output {_quoted(name)}"
    for index, inner in enumerate(graph.subgraphs):
        yield f"body {index}"
        yield from (f"  {line}" for line in _lines(inner))


def _quoted(name: str) -> str:
    return json.dumps(name)


def _tensor(tensor: Tensor) -> str:
    shape = ", ".join(str(size) for size in tensor.shape)
    quant = "" if tensor.quant is None else f" {_quant(tensor.quant)}"
    return f"{_quoted(tensor.name)} {tensor.dtype.value}[{shape}]{quant}"


def _number(value: float) -> str:
    return f"{value:.9g}"


def _quant(quant: Quant) -> str:
    if len(quant.scales) == 1:
        return f"scale {_number(quant.scale)} zero {quant.zero_point}"
    scales = [_number(scale) for scale in quant.scales]
    zeros = sorted(set(quant.zero_points))
    if len(scales) <= _INLINE:
        listed = ", ".join(scales)
    else:
        digest = sha256(" ".join(scales).encode())[:12]
        listed = (
            f"{len(scales)} from {_number(min(quant.scales))} to {_number(max(quant.scales))} sha256 {digest}"
        )
    if len(zeros) == 1:
        zero = str(zeros[0])
    elif len(scales) <= _INLINE:
        zero = f"[{', '.join(str(value) for value in quant.zero_points)}]"
    else:
        zero = f"[{zeros[0]} to {zeros[-1]} sha256 {sha256(repr(quant.zero_points).encode())[:12]}]"
    return f"scales along {quant.axis} [{listed}] zero {zero}"


def _data(tensor: Tensor) -> str:
    assert tensor.data is not None
    data = tensor.data
    if data.size <= _INLINE:
        flat = data.reshape(-1).tolist()
        return (
            "["
            + ", ".join(_number(value) if isinstance(value, float) else str(value) for value in flat)
            + "]"
        )
    little = np.ascontiguousarray(data, dtype=data.dtype.newbyteorder("<"))
    return f"sha256 {sha256(little.tobytes())[:12]}"


def _attrs(node: Node) -> str:
    pairs = (f"{field.name}={_value(getattr(node.attrs, field.name))}" for field in fields(node.attrs))
    return "".join(f" {pair}" for pair in pairs)


def _value(value: object) -> str:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(_value(item) for item in value) + ")"
    return str(value)
