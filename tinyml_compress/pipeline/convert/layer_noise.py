"""Signal to quantization noise of each layer of an integer model against its float model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Graph
from tinyml_compress.runners.sides import dequantized

__all__ = ["LayerNoise", "layer_noise", "sqnr_db"]

Array = npt.NDArray[np.generic]
_CASTS = ("QUANTIZE", "DEQUANTIZE")


@dataclass(frozen=True)
class LayerNoise:
    """How much of a layer's signal is left of its quantization: 10 log10(signal power / noise power)."""

    index: int
    """Of the integer model's node."""
    op: str
    layer: str
    sqnr_db: float
    """Infinite where both models give the same values."""


def sqnr_db(pairs: Iterable[tuple[Array, Array]]) -> float:
    """Over all pairs of (float values, quantized values in real units)."""
    signal = noise = 0.0
    for wanted, found in pairs:
        exact = wanted.astype(np.float64).reshape(-1)
        signal += float(np.square(exact).sum())
        noise += float(np.square(exact - found.astype(np.float64).reshape(-1)).sum())
    if noise == 0.0:
        return float("inf")
    return float(10.0 * np.log10(signal / noise)) if signal > 0.0 else float("-inf")


def layer_noise(
    real: Graph, real_rows: Sequence[Sequence[Array]], graph: Graph, rows: Sequence[Sequence[Array]]
) -> tuple[tuple[LayerNoise, ...], str | None]:
    """Per layer of `graph`, or why not. Rows hold every node's outputs in node order."""
    pairs = _matched(real, graph)
    if not pairs:
        return (), "the float model has other layers"
    column = _columns(graph)
    real_column = _columns(real)
    found: list[LayerNoise] = []
    for real_index, index in pairs:
        node = graph.nodes[index]
        tensor = graph.tensors[node.outputs[0]]
        value = sqnr_db(
            (exact[real_column[real_index]], dequantized(row[column[index]], tensor))
            for exact, row in zip(real_rows, rows, strict=True)
        )
        found.append(LayerNoise(index, node.op, node.name, value))
    return tuple(found), None


def _columns(graph: Graph) -> list[int]:
    """Where each node's first output stands in a row."""
    columns, at = [], 0
    for node in graph.nodes:
        columns.append(at)
        at += len(node.outputs)
    return columns


def _matched(real: Graph, graph: Graph) -> list[tuple[int, int]]:
    """Nodes that compute the same: by position when the operators are the same, else by the name of the
    result.
    """

    def layers(one: Graph) -> list[tuple[int, str, int]]:
        return [
            (index, node.op, one.tensors[node.outputs[0]].elements)
            for index, node in enumerate(one.nodes)
            if node.op not in _CASTS
        ]

    ours, theirs = layers(graph), layers(real)
    if [layer[1:] for layer in ours] == [layer[1:] for layer in theirs]:
        return [(right[0], left[0]) for left, right in zip(ours, theirs, strict=True)]
    named = {real.nodes[index].outputs[0]: (index, size) for index, _, size in theirs}
    found: list[tuple[int, int]] = []
    for index, _, size in ours:
        match = named.get(graph.nodes[index].outputs[0])
        if match is not None and match[1] == size:
            found.append((match[0], index))
    return found
