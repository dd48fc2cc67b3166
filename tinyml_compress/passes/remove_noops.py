"""Nodes that hand every byte on as it is, under the same shape, type and quantization, vanish.

QUANTIZE to the quantization it already has, TRANSPOSE in the same order, PAD by nothing, RESHAPE to the same
shape, CONCATENATION of one tensor, slices of the whole. A RESHAPE to another shape stays in the graph,
because the shape is a tensor's own; it costs neither code nor memory, as the planner puts it in place and the
emitter drops its copy.
"""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.ir import Graph, NodeView, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import In, Out
from tinyml_compress.passes._uses import Uses, renamed


def remove_noops(graph: Graph) -> Graph:
    """Let readers of such a node's output read its input; or let its input's maker make a graph output
    itself.
    """
    uses = Uses(graph)
    inputs = frozenset(graph.inputs)
    aliases: dict[str, str] = {}
    made_as: dict[str, str] = {}
    dropped: set[int] = set()
    for index, view in enumerate(graph.views()):
        source = _handed_on(view)
        if source is None:
            continue
        target = view.node.outputs[0]
        origin = aliases.get(source.name, source.name)
        if not uses.is_output(target):
            aliases[target] = origin
            dropped.add(index)
        elif not (origin in inputs or source.is_const or uses.is_output(origin) or origin in made_as):
            # The maker writes the graph output directly; all other readers of the old tensor follow.
            made_as[origin] = target
            dropped.add(index)
    if not dropped:
        return graph
    final = {
        name: made_as.get(origin, origin) for name, origin in {**{n: n for n in made_as}, **aliases}.items()
    }
    nodes = tuple(
        replace(
            node,
            inputs=renamed(node.inputs, final),
            outputs=tuple(made_as.get(name, name) for name in node.outputs),
        )
        for index, node in enumerate(graph.nodes)
        if index not in dropped
    )
    return graph.rebuilt(nodes=nodes)


def _handed_on(view: NodeView) -> Tensor | None:
    """The input that comes out unchanged, if the node does nothing else."""
    node = view.node
    if len(node.outputs) != 1 or not node.inputs or node.inputs[0] is None:
        return None
    source, target = view.input(0), view.output()
    if not source.in_arena or (source.shape, source.dtype, source.quant) != (
        target.shape,
        target.dtype,
        target.quant,
    ):
        return None
    if any(name is not None and not view.graph.tensors[name].is_const for name in node.inputs[1:]):
        return None
    calls = operator(node.op, node.name).moves(view)
    whole = len(calls) == 1 and calls[0].moves and calls[0].arguments == (In(0), Out(0))
    return source if whole else None
