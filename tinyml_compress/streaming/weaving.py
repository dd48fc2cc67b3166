"""Writes the graph that is told frame by frame: tensors in parts, memories, and the nodes that join and cut
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Attrs, DType, Graph, Node, Tensor
from tinyml_compress.ops._flow import CallOnceAttrs
from tinyml_compress.ops._variables import VariableAttrs
from tinyml_compress.ops.along import Sides
from tinyml_compress.ops.base import Body
from tinyml_compress.ops.concatenation.op import ConcatenationAttrs
from tinyml_compress.ops.numerics import dtype_range
from tinyml_compress.ops.strided_slice.op import StridedSliceAttrs


class Weaver:
    """Collects tensors and nodes."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.tensors = dict(graph.tensors)
        self.nodes: list[Node] = []
        self._first: list[Node] = []
        self._first_tensors: list[Tensor] = []
        self._made: dict[tuple[object, ...], str] = {}
        self._memories = 0

    def graph(self, outputs: Sequence[str]) -> Graph:
        """What was collected, with the memories' start."""
        nodes = self.nodes
        bodies = self._graph.subgraphs
        if self._first:
            body = Graph("start", {t.name: t for t in self._first_tensors}, tuple(self._first), (), ())
            nodes = [Node("CALL_ONCE", (), (), CallOnceAttrs(Body(len(bodies))), "start"), *nodes]
            bodies = (*bodies, body)
        return self._graph.rebuilt(
            nodes=tuple(nodes), tensors=self.tensors, outputs=tuple(outputs), subgraphs=bodies
        )

    def like(self, source: str, name: str, axis: int, frames: int) -> str:
        """A tensor of the same kind with another number of frames."""
        old = self.tensors[source]
        shape = (*old.shape[:axis], frames, *old.shape[axis + 1 :])
        self.tensors[name] = replace(old, name=name, shape=shape, data=None)
        return name

    def cut(self, source: str, axis: int, first: int, last: int) -> str:
        """Frames of a tensor."""
        shape = self.tensors[source].shape
        if (first, last) == (0, shape[axis]):
            return source
        key = ("cut", source, first, last)
        if key not in self._made:
            name = self.like(source, f"{source}/{first}:{last}", axis, last - first)
            begin = [first if place == axis else 0 for place in range(len(shape))]
            end = [last if place == axis else size for place, size in enumerate(shape)]
            bounds = [self.ints(f"{name}/{what}", row) for what, row in (("from", begin), ("to", end))]
            bounds.append(self.ints(f"{name}/by", [1] * len(shape)))
            self._node("STRIDED_SLICE", (source, *bounds), name, StridedSliceAttrs())
            self._made[key] = name
        return self._made[key]

    def joined(self, parts: Sequence[str], name: str, axis: int) -> str:
        """Tensors one behind the other."""
        if len(parts) == 1:
            return parts[0]
        key = ("joined", *parts)
        if key not in self._made:
            frames = sum(self.tensors[part].shape[axis] for part in parts)
            self.like(parts[0], name, axis, frames)
            self._node("CONCATENATION", tuple(parts), name, ConcatenationAttrs(axis))
            self._made[key] = name
        return self._made[key]

    def bordered(self, source: str, sides: Sides, *, lowest: bool) -> str:
        """With borders of real zero, or of the smallest number."""
        if not any(side for pair in sides for side in pair):
            return source
        key = ("bordered", source, sides)
        if key not in self._made:
            tensor = self.tensors[source]
            name = f"{source}/bordered{len(self._made)}"
            shape = tuple(size + sum(pair) for size, pair in zip(tensor.shape, sides, strict=True))
            self.tensors[name] = replace(tensor, name=name, shape=shape, data=None)
            pads = self._const(f"{name}/sides", np.array(sides, np.int32), DType.INT32)
            if lowest:
                fill = f"{name}/fill"
                data = _filled((1,), _smallest(tensor), tensor.dtype)
                self.tensors[fill] = replace(tensor, name=fill, shape=(1,), data=data)
                self._node("PADV2", (source, pads, fill), name, Attrs())
            else:
                self._node("PAD", (source, pads), name, Attrs())
            self._made[key] = name
        return self._made[key]

    def nothing(self, source: str, axis: int, frames: int, *, lowest: bool) -> str:
        """Frames of real zeros, or of the smallest number, as a constant."""
        key = ("nothing", source, frames, lowest)
        if key not in self._made:
            name = self.like(source, f"{source}/border{len(self._made)}", axis, frames)
            tensor = self.tensors[name]
            value = _smallest(tensor) if lowest else _zero(tensor)
            self.tensors[name] = replace(tensor, data=_filled(tensor.shape, value, tensor.dtype))
            self._made[key] = name
        return self._made[key]

    def remembered(self, source: str, axis: int, history: int) -> str:
        """The tensor behind so many of its frames from the steps before."""
        if history == 0:
            return source
        tensor = self.tensors[source]
        new = tensor.shape[axis]
        handle = f"{source}/handle"
        self.tensors[handle] = Tensor(handle, (1,), DType.RESOURCE)
        named = VariableAttrs("", f"memory{self._memories}")
        before = self.like(source, f"{source}/before", axis, history)
        self.nodes.append(Node("VAR_HANDLE", (), (handle,), named, handle))
        self._node("READ_VARIABLE", (handle,), before, Attrs())
        window = self.joined((before, source), f"{source}/window", axis)
        kept = self.cut(window, axis, new, new + history)
        self.nodes.append(Node("ASSIGN_VARIABLE", (handle, kept), (), Attrs(), f"{source}/keep"))
        self._start(named, self.tensors[before])
        return window

    def ints(self, name: str, values: Sequence[int]) -> str:
        """A constant of indices."""
        return self._const(name, np.array(values, np.int32), DType.INT32)

    def _start(self, named: VariableAttrs, memory: Tensor) -> None:
        """At first a memory holds real zeros, made by FILL where that takes the type: it needs no flash."""
        nothing = replace(memory, name=f"{memory.name}/nothing")
        value = _filled((), _zero(memory), memory.dtype)
        if memory.dtype in (DType.INT8, DType.FLOAT32):
            shape = np.array(memory.shape, np.int32)
            shape.setflags(write=False)
            size = Tensor(f"{memory.name}/size", shape.shape, DType.INT32, None, shape)
            zero = replace(memory, name=f"{memory.name}/zero", shape=(), data=value)
            self._first_tensors += [size, zero]
            self._first.append(Node("FILL", (size.name, zero.name), (nothing.name,), Attrs(), "nothing"))
        else:
            nothing = replace(nothing, data=_filled(memory.shape, _zero(memory), memory.dtype))
        handle = Tensor(f"{memory.name}/first", (1,), DType.RESOURCE)
        self._first_tensors += [nothing, handle]
        self._first += [
            Node("VAR_HANDLE", (), (handle.name,), named, "handle"),
            Node("ASSIGN_VARIABLE", (handle.name, nothing.name), (), Attrs(), "start"),
        ]
        self._memories += 1

    def _const(self, name: str, data: npt.NDArray[np.generic], dtype: DType) -> str:
        data.setflags(write=False)
        self.tensors[name] = Tensor(name, data.shape, dtype, None, data)
        return name

    def _node(self, op: str, inputs: tuple[str, ...], output: str, attrs: Attrs) -> None:
        self.nodes.append(Node(op, inputs, (output,), attrs, output))


def _zero(tensor: Tensor) -> int:
    return tensor.quant.zero_point if tensor.quant is not None else 0


def _smallest(tensor: Tensor) -> float:
    return float(np.finfo(np.float32).min) if tensor.dtype.is_float else dtype_range(tensor.dtype)[0]


def _filled(shape: tuple[int, ...], value: float, dtype: DType) -> npt.NDArray[np.generic]:
    data = np.full(shape, value, dtype.numpy)
    data.setflags(write=False)
    return data
