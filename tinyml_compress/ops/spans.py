"""Which whole numbers an input may hold that picks entries of a table: what test inputs must keep to."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.ir import Graph
from tinyml_compress.ops import operator
from tinyml_compress.ops.traits import Carried

Span = tuple[int, int]


def with_spans(graph: Graph) -> Graph:
    """The graph with a span at every input that an operator takes as indices; others stay without. Its nodes
    may not be checked yet.
    """
    spans: dict[str, Span] = {}
    same: dict[str, str] = {}
    """By tensor: the input whose values it has, under another shape."""
    for view in graph.views():
        first = next(iter(view.node.inputs), None)
        if first is not None and operator(view.node.op, view.node.name).values is Carried.SAME:
            same.update((name, same.get(first, first)) for name in view.node.outputs)
        picks = operator(view.node.op, view.node.name).picks
        if picks is None or len(view.node.inputs) != 2 or None in view.node.inputs:
            continue
        name, entries = view.input(picks.places).name, picks.entries(view)
        name = same.get(name, name)
        if name in graph.inputs and entries:
            spans[name] = (0, min(entries - 1, spans.get(name, (0, entries))[1]))
    if not spans:
        return graph
    tensors = {
        name: replace(tensor, span=spans[name]) if name in spans else tensor
        for name, tensor in graph.tensors.items()
    }
    return graph.rebuilt(tensors=tensors)
