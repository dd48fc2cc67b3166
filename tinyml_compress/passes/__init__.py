"""Rewrites of the graph, one per file, in the order of `PASSES`. Each keeps every output byte as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tinyml_compress.ir import Graph
from tinyml_compress.ir.verify import verify

__all__ = ["PASSES", "Pass", "run"]

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = ()


def run(graph: Graph, passes: Sequence[Pass] = PASSES) -> Graph:
    """The graph after these passes, verified before the first and after each."""
    verify(graph)
    for rewrite in passes:
        graph = rewrite(graph)
        verify(graph)
    return graph
