"""A convolution of one window becomes a dense layer, whose kernels need no windows.

Exact because TensorFlow Lite Micro makes the multipliers of both in double precision where weights have a
scale per channel; other convolutions stay.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tinyml_compress.ir import Graph, Node, NodeView, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops._conv import conv_window
from tinyml_compress.ops._forms import ProductForm, form_of
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.ops.reshape.op import ReshapeAttrs


def dense_pixels(graph: Graph) -> Graph:
    """Rewrite every convolution whose window is its whole input: one pixel, or the frames that a net keeps.
    Weights that others read too would be stored twice.
    """
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    tensors, nodes = dict(graph.tensors), list[Node]()
    for view in graph.views():
        if not _is_dense(view) or readers[view.input(1).name] > 1:
            nodes.append(view.node)
            continue
        weights, source = _as_rows(view.input(1)), view.input(0)
        tensors[weights.name] = weights
        if source.shape[-1] != weights.shape[1]:
            shape, name = (1, 1, 1, weights.shape[1]), f"{view.output().name}/pixel"
            pixel = replace(source, name=name, shape=shape, variable=False)
            tensors[pixel.name] = pixel
            name = f"{view.node.name}/pixel"
            nodes.append(Node("RESHAPE", (source.name,), (pixel.name,), ReshapeAttrs(pixel.shape), name))
            source = pixel
        attrs = FullyConnectedAttrs(activation=view.attrs(Conv2DAttrs).activation, keep_num_dims=True)
        inputs = (source.name, weights.name, *view.node.inputs[2:])
        dense = Node("FULLY_CONNECTED", inputs, view.node.outputs, attrs, view.node.name)
        operator(dense.op).check(NodeView(replace(graph, tensors=tensors), dense))
        nodes.append(dense)
    return graph if nodes == list(graph.nodes) else graph.rebuilt(nodes=tuple(nodes), tensors=tensors)


def _is_dense(view: NodeView) -> bool:
    if not isinstance(view.node.attrs, Conv2DAttrs) or form_of(view) is not ProductForm.S8:
        return False
    weights = view.input(1)
    window = conv_window(view, weights.shape[0])
    return (
        window.pixels == window.batch == 1
        and (window.kernel_h, window.kernel_w) == (window.in_h, window.in_w)
        and not window.padded
        and weights.shape[3] == window.in_c
        and weights.quantized.per_channel
        and weights.quantized.axis == 0
    )


def _as_rows(weights: Tensor) -> Tensor:
    data = weights.constant.reshape(weights.shape[0], -1)
    return replace(weights, name=f"{weights.name}/rows", shape=data.shape, data=data)
