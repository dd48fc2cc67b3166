"""Chains of operators that mean one: GELU, which exporters before opset 20 write with an Erf."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tinyml_compress.converter.onnx.model import OnnxGraph, OnnxModel, OnnxNode, read_onnx

_CLOSE = 1e-3


def read_fused(path: Path) -> OnnxModel:
    """The model of a file with such chains as one node each."""
    model = read_onnx(path)
    return replace(model, graph=_fused(model.graph))


def _fused(graph: OnnxGraph) -> OnnxGraph:
    """x * 0.5 * (1 + erf(x / sqrt(2))), in whatever order its factors come, as one node."""
    writers = {name: node for node in graph.nodes for name in node.outputs}
    readers: dict[str, list[OnnxNode]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    numbers = {name: float(array) for name, array in graph.constants.items() if array.size == 1}
    for node in graph.nodes:
        value = node.attributes.get("value")
        if node.op == "Constant" and isinstance(value, np.ndarray) and value.size == 1:
            numbers[node.outputs[0]] = float(value.reshape(()))
    ends: dict[int, OnnxNode] = {}
    gone: set[int] = set()
    for node in graph.nodes:
        chain = _gelu(node, writers, readers, numbers) if node.op == "Erf" else None
        if chain is not None:
            first, nodes = chain
            ends[id(nodes[-1])] = OnnxNode("Gelu", "", node.name, (first,), nodes[-1].outputs)
            gone.update(id(one) for one in nodes)
    kept = [ends.get(id(node), node) for node in graph.nodes if id(node) in ends or id(node) not in gone]
    return replace(graph, nodes=tuple(kept)) if ends else graph


def _gelu(
    erf: OnnxNode,
    writers: dict[str, OnnxNode],
    readers: dict[str, list[OnnxNode]],
    numbers: dict[str, float],
) -> tuple[str, list[OnnxNode]] | None:
    """The input, and the nodes that are replaced, the last of which gives the output."""
    before = writers.get(erf.inputs[0])
    scale = {"Div": np.sqrt(2), "Mul": np.sqrt(0.5)}.get(before.op if before is not None else "")
    if before is None or scale is None:
        return None
    first = _other(before, numbers, float(scale))
    if first is None:
        return None
    nodes, current, left = [before, erf], erf.outputs[0], {"one", "half", "first"}
    while left:
        after = readers.get(current, [])
        if len(after) != 1:
            return None
        node = after[0]
        other = next((name for name in node.inputs if name != current), None)
        half = writers.get(other or "")
        if node.op == "Add" and "one" in left and abs(numbers.get(other or "", 0.0) - 1) < _CLOSE:
            left.discard("one")
        elif node.op != "Mul" or "one" in left:
            return None
        elif "half" in left and abs(numbers.get(other or "", 0.0) - 0.5) < _CLOSE:
            left.discard("half")
        elif "first" in left and other == first:
            left.discard("first")
        elif (
            left == {"first", "half"}
            and half is not None
            and half.op == "Mul"
            and _other(half, numbers, 0.5) == first
        ):
            left.clear()
        else:
            return None
        nodes.append(node)
        current = node.outputs[0]
    return first, nodes


def _other(node: OnnxNode, numbers: dict[str, float], wanted: float) -> str | None:
    """The input beside that number."""
    for place, name in enumerate(node.inputs):
        if (
            name in numbers
            and abs(numbers[name] - wanted) < _CLOSE * wanted
            and (node.op != "Div" or place == 1)
        ):
            return node.inputs[1 - place]
    return None
