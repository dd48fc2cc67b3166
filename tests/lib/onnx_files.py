"""ONNX files written byte by byte, so that tests need no package for it."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float64": 11}
Node = tuple[str, Sequence[str], Sequence[str], Mapping[str, Any]]
"""Operator, inputs, outputs, attributes."""


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    parts = []
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def part(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content


def tensor(name: str, array: Any, external: str | None = None) -> bytes:
    array = np.asarray(array)
    head = b"".join(number(1, size) for size in array.shape) + number(2, _TYPES[array.dtype.name])
    head += part(8, name)
    if external is not None:
        return head + part(13, part(1, "location") + part(2, external)) + number(14, 1)
    return head + part(9, array.tobytes())


def port(name: str, shape: Sequence[int | str], dtype: str = "float32") -> bytes:
    sizes = b"".join(part(1, part(2, s) if isinstance(s, str) else number(1, s)) for s in shape)
    return part(1, name) + part(2, part(1, number(1, _TYPES[dtype]) + part(2, sizes)))


def _attribute(name: str, value: Any) -> bytes:
    head = part(1, name)
    if isinstance(value, float):
        return head + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    if isinstance(value, int):
        return head + number(3, value) + number(20, 2)
    if isinstance(value, str):
        return head + part(4, value) + number(20, 3)
    if isinstance(value, np.ndarray):
        return head + part(5, tensor("", value)) + number(20, 4)
    return head + b"".join(number(8, item) for item in value) + number(20, 7)


def onnx_bytes(
    nodes: Sequence[Node],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    constants: Mapping[str, Any] | None = None,
    *,
    opset: int = 17,
    external: Mapping[str, str] | None = None,
) -> bytes:
    """A model; `external` names the files that constants lie in."""
    graph = b""
    for index, (op, takes, gives, attributes) in enumerate(nodes):
        body = b"".join(part(1, name) for name in takes) + b"".join(part(2, name) for name in gives)
        body += part(3, f"node{index}") + part(4, op)
        body += b"".join(part(5, _attribute(*pair)) for pair in attributes.items())
        graph += part(1, body)
    graph += part(2, "net")
    for name, array in (constants or {}).items():
        graph += part(5, tensor(name, array, (external or {}).get(name)))
    graph += b"".join(part(11, one) for one in inputs) + b"".join(part(12, one) for one in outputs)
    return number(1, 8) + part(7, graph) + part(8, part(1, "") + number(2, opset))


def small_net(path: Path, *, size: int = 12, classes: int = 4, batch: int | str = 1, opset: int = 17) -> Path:
    """Convolutions, a depthwise one, a residual sum, a pool and a dense layer behind a flatten."""
    rng = np.random.default_rng(3)

    def weights(*shape: int) -> Any:
        return (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)

    constants = {
        "w0": weights(8, 3, 3, 3), "b0": weights(8), "w1": weights(8, 1, 3, 3), "w2": weights(8, 8, 1, 1),
        "scale": 1 + weights(8), "shift": weights(8), "mean": weights(8), "variance": 1 + weights(8) ** 2,
        "flat": np.array([0, -1]), "w3": weights(classes, 8 * (size // 4) ** 2), "b3": weights(classes),
    }  # fmt: skip
    nodes: list[Node] = [
        (
            "Conv",
            ["x", "w0", "b0"],
            ["c0"],
            {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]},
        ),
        ("Relu", ["c0"], ["r0"], {}),
        ("Conv", ["r0", "w1"], ["c1"], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "group": 8}),
        ("BatchNormalization", ["c1", "scale", "shift", "mean", "variance"], ["n1"], {}),
        ("Relu", ["n1"], ["r1"], {}),
        ("Conv", ["r1", "w2"], ["c2"], {"kernel_shape": [1, 1]}),
        ("Add", ["c2", "r0"], ["s2"], {}),
        ("MaxPool", ["s2"], ["p2"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Reshape", ["p2", "flat"], ["f2"], {}),
        ("Gemm", ["f2", "w3", "b3"], ["g2"], {"transB": 1}),
        ("Softmax", ["g2"], ["y"], {"axis": -1}),
    ]
    path.write_bytes(
        onnx_bytes(
            nodes, [port("x", [batch, 3, size, size])], [port("y", [batch, classes])], constants, opset=opset
        )
    )
    return path
