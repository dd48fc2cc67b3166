"""What operators that run subgraphs share: attributes, and the match of their tensors with a body's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, Graph, NodeView, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Body, In, Out, Run, refuse


@dataclass(frozen=True)
class IfAttrs(Attrs):
    then_body: Body
    else_body: Body


@dataclass(frozen=True)
class WhileAttrs(Attrs):
    condition: Body
    body: Body


@dataclass(frozen=True)
class CallOnceAttrs(Attrs):
    body: Body


def body_of(view: NodeView, number: int) -> Graph:
    """One of the bodies that the node runs."""
    return view.graph.subgraphs[number]


def macs_of(body: Graph) -> int:
    """Multiply-accumulates of one run of a body."""
    return sum(operator(view.node.op, view.node.name).macs(view) for view in body.views())


def check_ports(
    view: NodeView, what: str, outer: Sequence[Tensor], body: Graph, inner: Sequence[str]
) -> None:
    """The node's tensors hand their bytes to, or take them from, the body's tensors one by one."""
    if len(outer) != len(inner):
        raise refuse(view, f"number of {what} of {body.name}", found=len(inner), allowed=len(outer))
    for tensor, name in zip(outer, inner, strict=True):
        other = body.tensors[name]
        if (tensor.dtype, tensor.nbytes) != (other.dtype, other.nbytes):
            raise refuse(
                view,
                f"{what} of {body.name} are of other types or sizes",
                found=f"{name}: {other.dtype.value} {other.shape}",
                allowed=f"{tensor.dtype.value} {tensor.shape}, as {tensor.name}",
            )


def check_condition(view: NodeView, tensor: Tensor) -> None:
    """One boolean."""
    if tensor.dtype is not DType.BOOL or tensor.elements != 1:
        raise refuse(
            view, f"condition {tensor.name}", found=f"{tensor.dtype.value} {tensor.shape}", allowed="one bool"
        )


def run_of(view: NodeView, number: int, inputs: Sequence[In | Out], outputs: bool = True) -> Run:
    """A run of a body that gives the node's outputs, or none of them."""
    count = len(view.node.outputs) if outputs else 0
    return Run(number, tuple(inputs), tuple(Out(index) for index in range(count)))
