"""Inputs and outputs that the caller gives and takes by rows become layers of their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from tinyml_compress.fusion.layers import row_bytes, rows_axis
from tinyml_compress.ir import ByRows, DType, Graph, Node, Tensor
from tinyml_compress.ops.row_calls.node import PULL, PUSH, RowCallAttrs


def by_rows(graph: Graph, ends: Collection[ByRows]) -> Graph:
    """The graph that asks for its inputs, or hands over its outputs, row by row."""
    if ByRows.INPUT in ends:
        graph = _pulled(graph)
    return _pushed(graph) if ByRows.OUTPUT in ends else graph


def _pulled(graph: Graph) -> Graph:
    pulled = {name: port for port, name in enumerate(graph.inputs) if graph.tensors[name].in_arena}
    nodes = tuple(
        Node(PULL.name, (), (name,), _attrs(port, graph.tensors[name]), f"rows of {name}")
        for name, port in pulled.items()
    )
    left = tuple(name for name in graph.inputs if name not in pulled)
    return graph.rebuilt(nodes=(*nodes, *graph.nodes), inputs=left)


def _pushed(graph: Graph) -> Graph:
    """In place of each output stands a byte: it is there when the rows are taken."""
    tensors, nodes, outputs = dict(graph.tensors), list(graph.nodes), list(graph.outputs)
    for port, name in enumerate(graph.outputs):
        if graph.tensors[name].in_arena:
            outputs[port] = f"output {port} as taken"
            tensors[outputs[port]] = Tensor(outputs[port], (1,), DType.INT8)
            attrs = _attrs(port, graph.tensors[name])
            nodes.append(Node(PUSH.name, (name,), (outputs[port],), attrs, f"rows of {name}"))
    return replace(graph, tensors=tensors).rebuilt(nodes=tuple(nodes), outputs=tuple(outputs))


def _attrs(port: int, tensor: Tensor) -> RowCallAttrs:
    """All of it is one row where it has but one."""
    axis = rows_axis(tensor.shape)
    return RowCallAttrs(port, tensor, tensor.nbytes if axis is None else row_bytes(tensor, axis))
