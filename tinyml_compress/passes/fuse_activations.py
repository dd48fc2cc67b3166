"""Activations go into the operator that makes their input.

Exact when both tensors of the activation have one quantization: the activation then only clamps, to the same
bounds as a fused one, and a clamp after a clamp is one clamp.
"""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.ir import DType, Graph, Node, NodeView
from tinyml_compress.ops import operator
from tinyml_compress.ops.numerics import Activation, Fused
from tinyml_compress.passes._uses import Uses

_NESTED = (Activation.NONE, Activation.RELU, Activation.RELU6)
"""Each within the one before, so that the later of two does both; other pairs have no name in the schema."""


def fuse_activations(graph: Graph) -> Graph:
    """Fuse every activation that follows an operator with an activation of its own, and nothing else reads
    between.
    """
    uses = Uses(graph)
    nodes: dict[int, Node] = dict(enumerate(graph.nodes))
    makers = {name: index for index, node in enumerate(graph.nodes) for name in node.outputs}
    for index, view in enumerate(graph.views()):
        activation = operator(view.node.op, view.node.name).clamp
        if activation is None or not _only_clamps(view) or uses.only_reader(view.input(0).name) != index:
            continue
        maker = makers.get(view.input(0).name)
        fused = None if maker is None else _fused(graph, nodes[maker], activation, view.node.outputs[0])
        if maker is None or fused is None:
            continue
        nodes[maker] = fused
        makers[view.node.outputs[0]] = maker
        del nodes[index]
    if len(nodes) == len(graph.nodes):
        return graph
    return graph.rebuilt(nodes=tuple(nodes.values()))


def _only_clamps(view: NodeView) -> bool:
    source, target = view.input(0), view.output()
    return source.dtype in (DType.INT8, DType.INT16) and (source.dtype, source.quant, source.shape) == (
        target.dtype,
        target.quant,
        target.shape,
    )


def _fused(graph: Graph, maker: Node, activation: Activation, output: str) -> Node | None:
    """The maker with the activation in it, if its kernels can."""
    op = operator(maker.op, maker.name)
    if not op.ends_in_clamp or not isinstance(maker.attrs, Fused):
        return None
    if not {maker.attrs.activation, activation} <= set(_NESTED):
        return None
    both = max(maker.attrs.activation, activation, key=_NESTED.index)
    node = replace(maker, outputs=(output,), attrs=replace(maker.attrs, activation=both))  # type: ignore[call-arg]
    try:
        op.check(NodeView(graph, node))
    except UnsupportedOperator:
        return None
    return node
