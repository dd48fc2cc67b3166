"""Which whole numbers an input may hold that picks entries of a table: what test inputs must keep to."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.ir import Graph, NodeView
from tinyml_compress.ops.gather.op import GatherAttrs

__all__ = ["with_spans"]

Span = tuple[int, int]


def with_spans(graph: Graph) -> Graph:
    """The graph with a span at every input that an operator takes as indices; others stay without."""
    found: dict[str, Span] = {}
    for view in graph.views():
        named = _indexed(view)
        if named is None or named[0] not in graph.inputs:
            continue
        name, entries = named
        found[name] = (0, min(max(entries, 1) - 1, found.get(name, (0, entries))[1]))
    if not found:
        return graph
    tensors = {
        name: replace(tensor, span=found[name]) if name in found else tensor
        for name, tensor in graph.tensors.items()
    }
    return graph.rebuilt(tensors=tensors)


def _indexed(view: NodeView) -> tuple[str, int] | None:
    """The indices of a node that picks entries, and of how many; the node may not be checked yet."""
    if len(view.node.inputs) != 2 or None in view.node.inputs:
        return None
    first, second = view.input(0), view.input(1)
    if view.node.op == "EMBEDDING_LOOKUP" and second.shape:
        return first.name, second.shape[0]
    if view.node.op == "GATHER" and first.shape:
        return second.name, first.shape[view.attrs(GatherAttrs).axis % len(first.shape)]
    if view.node.op == "GATHER_ND" and first.shape and second.shape and second.shape[-1] >= 1:
        return second.name, min(first.shape[: second.shape[-1]])
    return None
