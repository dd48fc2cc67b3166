"""Rewrites of the graph, one per file, in the order of `PASSES`. Each keeps every output byte as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tinyml_compress.ir import Graph, verify
from tinyml_compress.ops import check_graph
from tinyml_compress.passes.fold_constants import fold_constants
from tinyml_compress.passes.fold_padding import fold_padding
from tinyml_compress.passes.fuse_activations import fuse_activations
from tinyml_compress.passes.remove_dead_channels import remove_dead_channels
from tinyml_compress.passes.remove_dead_nodes import remove_dead_nodes
from tinyml_compress.passes.remove_noops import remove_noops

__all__ = ["PASSES", "Pass", "fold_padding", "run"]

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    remove_dead_nodes,
    fold_constants,
    remove_noops,
    fold_padding,
    fuse_activations,
    remove_dead_channels,
)


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
