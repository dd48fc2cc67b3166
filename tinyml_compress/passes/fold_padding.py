"""PAD goes into the convolution behind it: the border is never stored, and the arena shrinks by it.

Exact because a convolution takes what lies outside its input as the input's zero point, which PAD writes.
"""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.ir import DType, Graph, Node, NodeView
from tinyml_compress.ops import operator
from tinyml_compress.ops._conv import ConvAttrs
from tinyml_compress.ops.numerics import Padding
from tinyml_compress.passes._uses import Uses

Pads = tuple[int, int, int, int]
"""Top, bottom, left, right."""


def fold_padding(graph: Graph) -> Graph:
    """Fold every PAD whose readers all are convolutions that can carry it; from the back, so that chains go
    whole.
    """
    uses = Uses(graph)
    nodes: dict[int, Node] = dict(enumerate(graph.nodes))
    moved: dict[str, list[int]] = {}
    for index in reversed(range(len(graph.nodes))):
        view = graph.view(nodes[index])
        pads = _border(view)
        if pads is None:
            continue
        source, target = view.input(0).name, view.node.outputs[0]
        readers = [*(i for i in uses.readers(target) if i in nodes), *moved.get(target, ())]
        folded = [_with_pads(graph.view(nodes[i]), source, pads) for i in readers]
        if not readers or uses.is_output(target) or any(node is None for node in folded):
            continue
        nodes.update((i, node) for i, node in zip(readers, folded, strict=True) if node is not None)
        moved.setdefault(source, []).extend(readers)
        del nodes[index]
    if len(nodes) == len(graph.nodes):
        return graph
    return graph.rebuilt(nodes=tuple(nodes.values()))


def _border(view: NodeView) -> Pads | None:
    """What a PAD adds round the image, if it adds nothing else and fills with the zero point."""
    amounts = operator(view.node.op, view.node.name).border(view)
    if amounts is None or len(amounts) != 4:
        return None
    if view.input(0).dtype is not DType.INT8 or view.input(0).is_const:
        return None
    batch, rows, columns, channels = amounts
    return (*rows, *columns) if not any((*batch, *channels)) else None


def _with_pads(view: NodeView, source: str, pads: Pads) -> Node | None:
    """The convolution that reads `source` and pads it itself, or None when this reader cannot."""
    node, attrs = view.node, view.node.attrs
    if not isinstance(attrs, ConvAttrs) or node.inputs[0] in node.inputs[1:]:
        return None
    own = attrs.pads
    if own is None:
        _, height, width, _ = view.input(0).shape
        _, kernel_h, kernel_w, _ = view.input(1).shape
        own = (
            *_own_pads(attrs.padding, height, kernel_h, attrs.stride_h, attrs.dilation_h),
            *_own_pads(attrs.padding, width, kernel_w, attrs.stride_w, attrs.dilation_w),
        )
    top, bottom, left, right = (mine + theirs for mine, theirs in zip(own, pads, strict=True))
    return replace(
        node,
        inputs=(source, *node.inputs[1:]),
        attrs=replace(attrs, padding=Padding.VALID, pads=(top, bottom, left, right)),
    )


def _own_pads(padding: Padding, size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Before and after, as the padding scheme has it; the odd one comes after."""
    if padding is Padding.VALID:
        return 0, 0
    reach = (kernel - 1) * dilation + 1
    total = max(0, (-(-size // stride) - 1) * stride + reach - size)
    return total // 2, total - total // 2
