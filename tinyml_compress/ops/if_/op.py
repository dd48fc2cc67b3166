"""IF: one of two subgraphs runs, as a boolean says. (The line behind the folder's name: Python reserves the
word.)
"""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._flow import IfAttrs, body_of, check_condition, check_ports, macs_of, run_of
from tinyml_compress.ops.base import Choice, In, Operator, Options, Overlap, Variant, refuse

_ANYWHERE = -(1 << 31)
"""The inputs are copied before anything is written, so that the outputs may lie over them as they like."""


def _flow(view: NodeView) -> Choice:
    attrs = view.attrs(IfAttrs)
    inputs = [In(index) for index in range(1, len(view.node.inputs))]
    return Choice(In(0), run_of(view, attrs.then_body, inputs), run_of(view, attrs.else_body, inputs))


def _overlap(view: NodeView) -> tuple[Overlap, ...]:
    return tuple(
        Overlap(source, target, _ANYWHERE)
        for source in range(len(view.node.inputs))
        for target in range(len(view.node.outputs))
    )


class If(Operator):
    name = "IF"
    attrs_type = IfAttrs
    options = Options("IfOptions", {"then_body": "then_subgraph_index", "else_body": "else_subgraph_index"})
    dtypes = ("all that its subgraphs take",)
    limits = "tensors of fixed shapes"
    variants = (Variant("branch", lambda view: True, lambda view: (), overlap=_overlap, flow=_flow),)

    def check(self, view: NodeView) -> None:
        given = view.node.inputs
        if not given or not view.node.outputs or any(name is None for name in given):
            raise refuse(
                view,
                "inputs and outputs",
                found=f"{sum(name is not None for name in given)} and {len(view.node.outputs)}",
                allowed="a condition, inputs, at least one output",
            )
        check_condition(view, view.input(0))
        inputs = [view.input(index) for index in range(1, len(given))]
        outputs = [view.output(index) for index in range(len(view.node.outputs))]
        for number in self.bodies(view):
            body = body_of(view, number)
            check_ports(view, "inputs", inputs, body, body.inputs)
            check_ports(view, "outputs", outputs, body, body.outputs)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return tuple(view.output(index).shape for index in range(len(view.node.outputs)))

    def macs(self, view: NodeView) -> int:
        return max(macs_of(body_of(view, number)) for number in self.bodies(view))


OPERATOR = If()
