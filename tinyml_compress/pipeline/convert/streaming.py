"""A net on windows of time becomes one that takes a frame at a time and remembers what its
convolutions need.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.ir import Attrs, DType, Graph, Node, NodeView, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops._flow import CallOnceAttrs
from tinyml_compress.ops._variables import VariableAttrs
from tinyml_compress.ops.concatenation.op import ConcatenationAttrs
from tinyml_compress.ops.strided_slice.op import StridedSliceAttrs

__all__ = ["streamed"]

_TIME = 1


def streamed(graph: Graph) -> Graph:
    """The graph of an int8 net with windows of shape [1, time, width, channels], for one frame of time at
    once.

    Convolutions along time (VALID, stride 1) remember the frames that they will need again, in variables that
    a CALL_ONCE sets to the zero point. From the frame on that fills the window, the outputs are those of the
    net on the last frames. UnsupportedOperator where a layer cannot be told frame by frame.
    """
    return _Streaming(graph).graph()


class _Streaming:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._tensors = dict(graph.tensors)
        self._nodes: list[Node] = []
        self._first: list[Node] = []
        self._first_tensors: list[Tensor] = []
        self._folded: set[str] = set()
        """Tensors that have lost the axis of time, or have one frame of it by nature."""

    def graph(self) -> Graph:
        for name in self._graph.inputs:
            self._to_frame(name)
        for view in self._graph.views():
            self._node(view)
        if not self._first:
            raise UnsupportedOperator(
                "no layer of the net looks back in time",
                which=self._graph.name,
                allowed="convolutions along axis 1",
            )
        body = Graph("start", {t.name: t for t in self._first_tensors}, tuple(self._first), (), ())
        once = Node("CALL_ONCE", (), (), CallOnceAttrs(0), "start")
        nodes = (once, *self._nodes)
        return self._graph.rebuilt(nodes=nodes, tensors=self._tensors, subgraphs=(body,))

    def _to_frame(self, name: str) -> None:
        tensor = self._tensors[name]
        if len(tensor.shape) != 4 or tensor.shape[0] != 1:
            raise UnsupportedOperator(
                "a tensor has no axis of time",
                which=name,
                found=tensor.shape,
                allowed="[1, time, width, channels]",
            )
        self._tensors[name] = replace(tensor, shape=(1, 1, *tensor.shape[2:]))

    def _node(self, view: NodeView) -> None:
        node = view.node
        flat = [name for name in node.inputs if name in self._folded]
        if flat or self._whole(view):  # behind the layers that look back: as it was
            self._folded.update(node.outputs)
            self._nodes.append(node)
            return
        back = operator(node.op, node.name).rows_back(view)
        if back is None:
            raise UnsupportedOperator(
                f"{node.op}: cannot be told frame by frame",
                which=node.name,
                allowed="convolutions along time, and what works element by element",
            )
        source = self._tensors[view.input(0).name]
        for name in node.outputs:
            self._to_frame(name)
        if back:
            node = replace(node, inputs=(self._remembered(node, source, back), *node.inputs[1:]))
        self._nodes.append(node)

    def _whole(self, view: NodeView) -> bool:
        """Whether only one frame is left of what the node reads, so that it sees the same as on windows."""
        named = [self._graph.tensors[name] for name in view.node.inputs if name is not None]
        given = [tensor for tensor in named if tensor.in_arena]
        return bool(given) and all(len(tensor.shape) == 4 and tensor.shape[_TIME] == 1 for tensor in given)

    def _remembered(self, node: Node, source: Tensor, back: int) -> str:
        """The frames that came before, joined with the new one; the variable takes what the next
        frame needs.
        """
        number = len(self._first) // 2
        _, _, width, channels = source.shape
        quant = source.quantized

        def made(what: str, frames: int) -> str:
            name = f"{node.name}/{what}"
            self._tensors[name] = Tensor(name, (1, frames, width, channels), source.dtype, quant)
            return name

        def constant(what: str, values: list[int]) -> str:
            name = f"{node.name}/{what}"
            data = np.array(values, np.int32)
            data.setflags(write=False)
            self._tensors[name] = Tensor(name, data.shape, DType.INT32, None, data)
            return name

        handle = f"{node.name}/handle"
        self._tensors[handle] = Tensor(handle, (1,), DType.RESOURCE)
        before, window, kept = made("before", back), made("window", back + 1), made("kept", back)
        bounds = (constant("from", [0, 1, 0, 0]), constant("to", [1, back + 1, width, channels]))
        strides = constant("by", [1, 1, 1, 1])
        named = VariableAttrs("", f"memory{number}")
        self._nodes += [
            Node("VAR_HANDLE", (), (handle,), named, f"{node.name}/handle"),
            Node("READ_VARIABLE", (handle,), (before,), Attrs(), f"{node.name}/read"),
            Node(
                "CONCATENATION",
                (before, source.name),
                (window,),
                ConcatenationAttrs(_TIME),
                f"{node.name}/join",
            ),
            Node(
                "STRIDED_SLICE",
                (window, *bounds, strides),
                (kept,),
                StridedSliceAttrs(),
                f"{node.name}/newest",
            ),
            Node("ASSIGN_VARIABLE", (handle, kept), (), Attrs(), f"{node.name}/keep"),
        ]
        nothing = np.full((1, back, width, channels), quant.zero_point, source.dtype.numpy)
        nothing.setflags(write=False)
        start = Tensor(f"{node.name}/nothing", nothing.shape, source.dtype, quant, nothing)
        first = Tensor(f"{node.name}/first", (1,), DType.RESOURCE)
        self._first_tensors += [start, first]
        self._first += [
            Node("VAR_HANDLE", (), (first.name,), named, "handle"),
            Node("ASSIGN_VARIABLE", (first.name, start.name), (), Attrs(), "start"),
        ]
        return window
