"""Tensor, Node, Graph: a model between the .tflite file and the C code. All frozen; a pass makes
a new graph.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import GraphError
from tinyml_compress.ir.types import DType, Quant

T = TypeVar("T")


def needed(value: T | None, what: str = "a value that was checked to be there") -> T:
    """The value; raises where there is none though an earlier check saw to it."""
    if value is None:
        raise GraphError("something is missing that an earlier check saw to", which=what)
    return value


@dataclass(frozen=True)
class Attrs:
    """Base of every operator's attributes; each operator has its own frozen dataclass."""


AnyAttrs = TypeVar("AnyAttrs", bound=Attrs)


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value: constant when `data` is there (read-only array of `shape`), else computed or given at run
    time.

    A `variable` tensor keeps its value from one inference to the next: it lies in the caller's state, not in
    the arena, and nodes may read and write it as often as they like.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None = None
    data: npt.NDArray[np.generic] | None = field(default=None, repr=False)
    variable: bool = False
    span: tuple[int, int] | None = None
    """Of an input that picks entries of a table: the smallest and largest number that does."""

    @property
    def is_const(self) -> bool:
        return self.data is not None

    @property
    def constant(self) -> npt.NDArray[np.generic]:
        """The values of a constant; raises where it is none."""
        return needed(self.data, f"values of tensor {self.name}")

    @property
    def quantized(self) -> Quant:
        """The quantization; raises where there is none."""
        return needed(self.quant, f"quantization of tensor {self.name}")

    @property
    def in_arena(self) -> bool:
        """Whether it needs a place in the arena: neither in flash nor in the state."""
        return self.data is None and not self.variable

    @property
    def first_byte(self) -> int:
        """What TensorFlow Lite Micro fills a variable with: the zero point of int8, as a byte; else 0."""
        return self.quant.zero_points[0] & 0xFF if self.dtype is DType.INT8 and self.quant is not None else 0

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes in RAM (unpacked)."""
        return self.elements * self.dtype.itemsize


@dataclass(frozen=True)
class Node:
    """One operator. `inputs` and `outputs` are tensor names; an absent optional input is None."""

    op: str
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]
    attrs: Attrs
    name: str = ""
    """The layer it comes from, for messages and reports."""
    intermediates: tuple[Tensor, ...] = ()
    """Tensors without content that only tell other runtimes of scales; kept for the file's sake."""


@dataclass(frozen=True)
class Graph:
    """Nodes in execution order over tensors by name; `inputs` and `outputs` in the file's order.

    `subgraphs` are the bodies that its own nodes run (IF, WHILE, CALL_ONCE): attributes name them by their
    place here.
    """

    name: str
    tensors: Mapping[str, Tensor]
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    subgraphs: tuple[Graph, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))

    def view(self, node: Node) -> NodeView:
        return NodeView(self, node)

    def views(self) -> tuple[NodeView, ...]:
        return tuple(NodeView(self, node) for node in self.nodes)

    def consumers(self, tensor: str) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if tensor in node.inputs)

    def rebuilt(
        self,
        *,
        nodes: tuple[Node, ...] | None = None,
        tensors: Mapping[str, Tensor] | None = None,
        inputs: tuple[str, ...] | None = None,
        outputs: tuple[str, ...] | None = None,
        subgraphs: tuple[Graph, ...] | None = None,
    ) -> Graph:
        """A copy with parts replaced; tensors that nothing names any more are dropped."""
        new = replace(
            self,
            nodes=self.nodes if nodes is None else nodes,
            tensors=self.tensors if tensors is None else tensors,
            inputs=self.inputs if inputs is None else inputs,
            outputs=self.outputs if outputs is None else outputs,
            subgraphs=self.subgraphs if subgraphs is None else subgraphs,
        )
        used = {*new.inputs, *new.outputs}
        for node in new.nodes:
            used.update(name for name in node.inputs if name is not None)
            used.update(node.outputs)
        return replace(new, tensors={name: tensor for name, tensor in new.tensors.items() if name in used})


@dataclass(frozen=True)
class NodeView:
    """A node together with its graph: what operators, planner and emitter look at."""

    graph: Graph
    node: Node

    def attrs(self, kind: type[AnyAttrs]) -> AnyAttrs:
        """The node's attributes, which are of that kind."""
        if not isinstance(self.node.attrs, kind):
            raise GraphError("attributes of another operator", which=self.node.op, allowed=kind.__name__)
        return self.node.attrs

    def input(self, index: int) -> Tensor:
        """Input tensor `index`; it must be there (see `optional_input`)."""
        name = self.node.inputs[index]
        assert name is not None, f"{self.node.op} has no input {index}"
        return self.graph.tensors[name]

    def optional_input(self, index: int) -> Tensor | None:
        """Input tensor `index`, or None when the node has no such input."""
        if index >= len(self.node.inputs):
            return None
        name = self.node.inputs[index]
        return None if name is None else self.graph.tensors[name]

    def output(self, index: int = 0) -> Tensor:
        return self.graph.tensors[self.node.outputs[index]]

    def quant(self, index: int) -> Quant:
        """The quantization of input `index`, which has one."""
        return self.input(index).quantized

    def output_quant(self, index: int = 0) -> Quant:
        """The quantization of output `index`, which has one."""
        return self.output(index).quantized
