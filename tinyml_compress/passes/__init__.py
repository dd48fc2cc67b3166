"""Rewrites of the graph, one per file, in the order of `PASSES`. Each keeps every output byte as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tinyml_compress.ir import Graph, verify
from tinyml_compress.ops import check_graph

__all__ = ["PASSES", "Pass", "run"]

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = ()


def run(graph: Graph, passes: Sequence[Pass] = PASSES) -> Graph:
    """The graph after these passes; structure and operators are checked before the first and after each."""
    _check(graph)
    for rewrite in passes:
        rewritten = rewrite(graph)
        if rewritten is not graph:
            graph = rewritten
            _check(graph)
    return graph


def _check(graph: Graph) -> None:
    verify(graph)
    check_graph(graph)
