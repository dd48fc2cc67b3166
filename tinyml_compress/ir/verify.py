"""The rules every graph keeps, checked after the frontend and after every pass."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tinyml_compress.errors import GraphError
from tinyml_compress.ir.graph import Graph, Node, Tensor
from tinyml_compress.ir.types import DType, Quant

_NEXT = "this is a defect of tinyml_compress or of a hostile model file; please report it with the file"


def verify(graph: Graph, *, body: bool = False) -> None:
    """Raise GraphError, naming node, operator, type and shape, unless the graph keeps every rule:

    each tensor has one origin (graph input, constant, or one output of one node), is there before it is used,
    is named as its key says, and has data of its type and shape when constant. Variables are there from the
    start and may be written by any node. Bodies of control flow keep the same rules. Whether a quantization
    is sound is judged by the operator that reads it: files hold some that nobody does.
    """
    for name, tensor in graph.tensors.items():
        _verify_tensor(name, tensor)
    ready = {name for name, tensor in graph.tensors.items() if not tensor.in_arena}
    for name in graph.inputs:
        _known(graph, name, "graph input")
        if name in ready:
            raise _error("a graph input has two origins", _show(graph.tensors[name]))
        ready.add(name)
    for index, node in enumerate(graph.nodes):
        _verify_node(graph, index, node, ready)
    if not graph.outputs and not body:
        raise _error("the graph has no output", graph.name)
    for name in graph.outputs:
        _known(graph, name, "graph output")
        if name not in ready:
            raise _error("nothing makes a graph output", _show(graph.tensors[name]))
    extra = set(graph.tensors) - set(_named(graph))
    if extra:
        raise _error("a tensor belongs to no node", _show(graph.tensors[min(extra)]))
    for inner in graph.subgraphs:
        verify(inner, body=True)


def _verify_node(graph: Graph, index: int, node: Node, ready: set[str]) -> None:
    where = f"node {index}, {node.op} {node.name}"
    for name in node.inputs:
        if name is None:
            continue
        _known(graph, name, f"input of {where}")
        if name not in ready:
            raise _error("a tensor is used before it is made", f"{_show(graph.tensors[name])} by {where}")
    if not node.outputs and not _acts(graph, node):
        raise _error("a node has no output", where)
    for name in node.outputs:
        _known(graph, name, f"output of {where}")
        if graph.tensors[name].variable:
            continue
        if name in ready:
            raise _error("a tensor has two origins", f"{_show(graph.tensors[name])}, one is {where}")
        ready.add(name)


def _acts(graph: Graph, node: Node) -> bool:
    """Whether a node may do something else than make its outputs: write a variable, or run a body."""
    given = [graph.tensors[name] for name in node.inputs if name is not None]
    return bool(graph.subgraphs) or any(tensor.variable or tensor.dtype is DType.RESOURCE for tensor in given)


def _verify_tensor(name: str, tensor: Tensor) -> None:
    if tensor.name != name:
        raise _error("a tensor stands under another name", _show(tensor), found=name)
    if any(size < (0 if tensor.is_const else 1) for size in tensor.shape):
        raise _error("a dimension is out of range", _show(tensor))
    if tensor.variable and tensor.data is not None:
        raise _error("a constant that changes", _show(tensor))
    if tensor.data is not None:
        if tensor.data.shape != tensor.shape or tensor.data.dtype != tensor.dtype.numpy:
            stored = f"{tensor.data.dtype} {list(tensor.data.shape)}"
            raise _error("a constant's data has another type or shape", _show(tensor), found=stored)
        if tensor.data.flags.writeable:
            raise _error("a constant can be written to", _show(tensor))
        if tensor.dtype is DType.INT4 and tensor.elements and not _is_int4(tensor.data):
            raise _error("an int4 constant holds a value beyond -8 to 7", _show(tensor))
    if tensor.quant is not None:
        _verify_quant(tensor, tensor.quant)


def _is_int4(data: np.typing.NDArray[np.generic]) -> bool:
    values = data.astype(np.int8, copy=False)
    return int(values.min()) >= -8 and int(values.max()) <= 7


def _verify_quant(tensor: Tensor, quant: Quant) -> None:
    if not quant.scales or len(quant.scales) != len(quant.zero_points):
        counts = f"{len(quant.scales)} scales, {len(quant.zero_points)} zero points"
        raise _error("scales and zero points do not match", _show(tensor), found=counts)


def _known(graph: Graph, name: str, role: str) -> None:
    if name not in graph.tensors:
        raise _error("a tensor is named but not there", role, found=name)


def _named(graph: Graph) -> Iterator[str]:
    yield from graph.inputs
    yield from graph.outputs
    for node in graph.nodes:
        yield from (name for name in node.inputs if name is not None)
        yield from node.outputs


def _show(tensor: Tensor) -> str:
    shape = ", ".join(str(size) for size in tensor.shape)
    return f"{tensor.name} ({tensor.dtype.name} [{shape}])"


def _error(what: str, which: str, found: object = None) -> GraphError:
    return GraphError(what, which=which, found=found, next_step=_NEXT)
