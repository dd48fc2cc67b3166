"""Signal to quantization noise of each layer of an integer model against its float model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Graph
from tinyml_compress.ops import operator
from tinyml_compress.ops.traits import Carried
from tinyml_compress.results import LayerNoise
from tinyml_compress.results.parity import Decibel
from tinyml_compress.runners.sides import dequantized

Array = npt.NDArray[np.generic]


def sqnr_db(pairs: Iterable[tuple[Array, Array]]) -> Decibel:
    """Over all pairs of (float values, quantized values in real units)."""
    signal = noise = 0.0
    for wanted, actual in pairs:
        exact = wanted.astype(np.float64).reshape(-1)
        signal += float(np.square(exact).sum())
        noise += float(np.square(exact - actual.astype(np.float64).reshape(-1)).sum())
    if noise == 0.0 or signal == 0.0:
        return "no noise"
    return round(float(10.0 * np.log10(signal / noise)), 2)


def layer_noise(
    real: Graph, real_rows: Sequence[Sequence[Array]], graph: Graph, rows: Sequence[Sequence[Array]]
) -> tuple[tuple[LayerNoise, ...], str | None]:
    """Per layer of `graph`, or why not. Rows hold every node's outputs in node order."""
    pairs = _matched(real, graph)
    if not pairs:
        return (), "the float model has other layers"
    column = _columns(graph)
    real_column = _columns(real)
    layers: list[LayerNoise] = []
    for real_index, index in pairs:
        node = graph.nodes[index]
        tensor = graph.tensors[node.outputs[0]]
        value = sqnr_db(
            (exact[real_column[real_index]], dequantized(row[column[index]], tensor))
            for exact, row in zip(real_rows, rows, strict=True)
        )
        layers.append(LayerNoise(index=index, op=node.op, layer=node.name, sqnr_db=value))
    return tuple(layers), None


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
            if operator(node.op, node.name).values is not Carried.CAST
        ]

    ours, theirs = layers(graph), layers(real)
    if [layer[1:] for layer in ours] == [layer[1:] for layer in theirs]:
        return [(right[0], left[0]) for left, right in zip(ours, theirs, strict=True)]
    named = {real.nodes[index].outputs[0]: (index, size) for index, _, size in theirs}
    matches: list[tuple[int, int]] = []
    for index, _, size in ours:
        match = named.get(graph.nodes[index].outputs[0])
        if match is not None and match[1] == size:
            matches.append((match[0], index))
    return matches
