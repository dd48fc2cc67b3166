"""Nodes that have only constant inputs are computed now, where that is exact and does not cost more flash."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Graph, Node, NodeView
from tinyml_compress.ops import operator

_MOST_BYTES = 1 << 20
"""A folded constant lies in flash; a PAD of a small constant could ask for gigabytes."""


def fold_constants(graph: Graph) -> Graph:
    """Replace each node of constants by its value."""
    kept: list[Node] = []
    known = graph
    for node in graph.nodes:
        value = _value(known.view(node))
        if value is None:
            kept.append(node)
        else:
            out = replace(known.tensors[node.outputs[0]], data=value)
            known = replace(known, tensors={**known.tensors, out.name: out})
    if known is graph:
        return graph
    return known.rebuilt(nodes=tuple(kept))


def _value(view: NodeView) -> npt.NDArray[np.generic] | None:
    """The output's value, or None to leave the node as it is."""
    node = view.node
    if len(node.outputs) != 1 or any(
        name is not None and not view.graph.tensors[name].is_const for name in node.inputs
    ):
        return None
    out = view.output()
    if out.nbytes > _MOST_BYTES:
        return None
    value = operator(node.op, node.name).constant_output(view)
    if value is None or value.shape != out.shape or value.dtype != out.dtype.numpy:
        return None
    value = np.ascontiguousarray(value).reshape(out.shape)
    value.setflags(write=False)
    return value
