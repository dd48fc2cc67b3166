"""Rewrites of the graph, one per file, in the order of `PASSES`. Each keeps every output byte as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tinyml_compress.ir import Graph, verify
from tinyml_compress.ops import check_graph
from tinyml_compress.passes.bind_variables import bind_variables
from tinyml_compress.passes.dense_pixels import dense_pixels
from tinyml_compress.passes.fold_constants import fold_constants
from tinyml_compress.passes.fold_padding import fold_padding
from tinyml_compress.passes.fuse_activations import fuse_activations
from tinyml_compress.passes.keep_windows import keep_windows
from tinyml_compress.passes.remove_dead_channels import remove_dead_channels
from tinyml_compress.passes.remove_dead_nodes import remove_dead_nodes
from tinyml_compress.passes.remove_noops import remove_noops
from tinyml_compress.passes.single_channels import single_channels

__all__ = ["PASSES", "Pass", "dense_pixels", "fold_padding", "keep_windows", "run", "single_channels"]

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    remove_dead_nodes,
    fold_constants,
    remove_noops,
    fold_padding,
    fuse_activations,
    single_channels,
    dense_pixels,
    remove_dead_channels,
    keep_windows,
)
_OF_ALL = (keep_windows,)
"""Those that have to see bodies and what runs them at once."""


def run(graph: Graph, passes: Sequence[Pass] = PASSES) -> Graph:
    """The graph after these passes, and its bodies too; structure and operators are checked before the first
    and after each. Whatever the passes, no handle of a variable is left.
    """
    _check(graph)
    bound = bind_variables(graph)
    if bound is not graph:
        _check(bound)
    return _rewritten(bound, passes, {})


def _rewritten(graph: Graph, passes: Sequence[Pass], known: dict[int, Graph], *, body: bool = False) -> Graph:
    """Bodies first; one that several nodes run stays one."""
    if id(graph) in known:
        return known[id(graph)]
    result = graph
    if graph.subgraphs:
        result = graph.rebuilt(
            subgraphs=tuple(_rewritten(inner, passes, known, body=True) for inner in graph.subgraphs)
        )
    for rewrite in passes:
        if body and rewrite in _OF_ALL:
            continue
        rewritten = rewrite(result)
        if rewritten is not result:
            result = rewritten
            _check(result, body=body)
    known[id(graph)] = result
    return result


def _check(graph: Graph, *, body: bool = False) -> None:
    verify(graph, body=body)
    check_graph(graph)
