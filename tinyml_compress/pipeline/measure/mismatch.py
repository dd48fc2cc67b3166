"""Outputs of an emulated device against TensorFlow Lite Micro's; where they differ, the first
node that does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress import frontend
from tinyml_compress.errors import TinymlError
from tinyml_compress.ir import Graph, Node, Port, Program
from tinyml_compress.pipeline.compare.differences import cut_at
from tinyml_compress.results import BitExact
from tinyml_compress.runners import tflm

Array = npt.NDArray[np.generic]
Outputs = Sequence[tuple[bytes, ...]]
Emulate = Callable[[Graph, list[tuple[bytes, ...]]], tuple[Sequence[Port], Outputs]]
"""Compiles a graph, runs it on the device, and gives its output ports and outputs."""


def agreement(program: Program, outputs: Outputs, wanted: Outputs) -> tuple[BitExact, int | None]:
    """How many vectors differ, and the number of the first one."""
    wrong = [number for number, (got, right) in enumerate(zip(outputs, wanted, strict=True)) if got != right]
    if not wrong:
        return BitExact(vectors=len(outputs), mismatches=0), None
    first = wrong[0]
    where = _first_difference(program.outputs, outputs[first], wanted[first])
    detail = f"vector {first}, {where}"
    return BitExact(vectors=len(outputs), mismatches=len(wrong), detail=detail), first


def _first_difference(ports: Sequence[Port], outputs: tuple[bytes, ...], wanted: tuple[bytes, ...]) -> str:
    """Output, element, and both values."""
    for port, got, right in zip(ports, outputs, wanted, strict=True):
        if got != right:
            mine, theirs = (np.frombuffer(data, port.dtype.numpy) for data in (got, right))
            size = port.dtype.itemsize
            element = next(
                i for i in range(len(mine)) if got[i * size : i * size + size] != right[i * size :][:size]
            )
            return f"output {port.name}, element {element}: {mine[element]} instead of {theirs[element]}"
    return "no difference"


def locate(model: bytes, name: str, inputs: list[Array], raw: tuple[bytes, ...], emulate: Emulate) -> str:
    """The first node, in execution order, whose result differs from TFLM's for these inputs; "" when none is
    found.

    The model is cut after each node in turn, and both engines run the piece.
    """
    graph = frontend.read(model, name)
    for index, node in enumerate(graph.nodes):
        piece = cut_at(graph, index)
        try:
            wanted = tuple(value.tobytes() for value in tflm.run(frontend.write(piece), [inputs]).outputs[0])
            ports, outputs = emulate(piece, [raw])
        except TinymlError:
            continue  # a piece that one of the two cannot run says nothing
        if outputs[0] != wanted:
            return f"{_named(index, node)}, {_first_difference(ports, outputs[0], wanted)}"
    return ""


def _named(index: int, node: Node) -> str:
    return f"node {index} ({node.op} {node.name})".replace(" )", ")")
