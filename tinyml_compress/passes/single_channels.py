"""A depthwise convolution of one channel is a convolution, whose kernels take many outputs at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from tinyml_compress.ir import Graph, Node, NodeView, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops._forms import ProductForm, form_of
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs


def single_channels(
    graph: Graph, pays: Callable[[NodeView, NodeView], bool] = lambda depthwise, convolution: True
) -> Graph:
    """Rewrite those with several outputs where it `pays`; weights that others read too stay as they are."""
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    tensors, nodes = dict(graph.tensors), list(graph.nodes)
    for place, view in enumerate(graph.views()):
        if not _is_single(view) or readers[view.input(1).name] > 1:
            continue
        weights = _as_filters(view.input(1))
        given = view.attrs(DepthwiseConv2DAttrs)
        attrs = Conv2DAttrs(**{name: getattr(given, name) for name in Conv2DAttrs.__dataclass_fields__})
        inputs = (view.node.inputs[0], weights.name, *view.node.inputs[2:])
        conv = Node("CONV_2D", inputs, view.node.outputs, attrs, view.node.name)
        after = NodeView(replace(graph, tensors={**tensors, weights.name: weights}), conv)
        operator(conv.op).check(after)
        if pays(view, after):
            tensors[weights.name] = weights
            nodes[place] = conv
    return graph if nodes == list(graph.nodes) else graph.rebuilt(nodes=tuple(nodes), tensors=tensors)


def _is_single(view: NodeView) -> bool:
    if not isinstance(view.node.attrs, DepthwiseConv2DAttrs) or form_of(view) is not ProductForm.S8:
        return False
    return view.input(0).shape[3] == 1 and view.output().shape[3] > 1


def _as_filters(weights: Tensor) -> Tensor:
    quant, data = weights.quantized, weights.constant.transpose(3, 1, 2, 0)
    if quant.per_channel:
        quant = replace(quant, axis=0)
    return replace(weights, name=f"{weights.name}/filters", shape=data.shape, data=data, quant=quant)
