"""Nodes whose results nobody reads go, and so, from the back, those that only they needed."""

from __future__ import annotations

from tinyml_compress.ir import Graph
from tinyml_compress.ops import operator


def remove_dead_nodes(graph: Graph) -> Graph:
    """Keep what leads to a graph output, and what writes the state."""
    needed = set(graph.outputs)
    kept = []
    for node in reversed(graph.nodes):
        if any(name in needed for name in node.outputs) or operator(node.op, node.name).acts(
            graph.view(node)
        ):
            kept.append(node)
            needed.update(name for name in node.inputs if name is not None)
    if len(kept) == len(graph.nodes):
        return graph
    return graph.rebuilt(nodes=tuple(reversed(kept)))
