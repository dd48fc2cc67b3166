"""WHILE: a subgraph runs as long as another one says. (The line behind the folder's name: Python reserves the
word.)
"""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._flow import WhileAttrs, body_of, check_condition, check_ports, run_of
from tinyml_compress.ops.base import Loop, Operator, Options, Out, Overlap, Run, Variant, refuse


def _flow(view: NodeView) -> Loop:
    attrs = view.attrs(WhileAttrs)
    values = [Out(index) for index in range(len(view.node.outputs))]
    return Loop(Run(attrs.condition, tuple(values), ()), run_of(view, attrs.body, values))


def _overlap(view: NodeView) -> tuple[Overlap, ...]:
    return tuple(Overlap(index, index, 0, exact=True) for index in range(len(view.node.inputs)))


class While(Operator):
    name = "WHILE"
    attrs_type = WhileAttrs
    options = Options("WhileOptions", {"condition": "cond_subgraph_index", "body": "body_subgraph_index"})
    dtypes = ("all that its subgraphs take",)
    limits = "tensors of fixed shapes; multiplications in its subgraphs are not counted"
    variants = (Variant("loop", lambda view: True, lambda view: (), overlap=_overlap, flow=_flow),)

    def check(self, view: NodeView) -> None:
        given = view.node.inputs
        if not given or len(given) != len(view.node.outputs) or any(name is None for name in given):
            raise refuse(
                view,
                "inputs and outputs",
                found=f"{sum(name is not None for name in given)} and {len(view.node.outputs)}",
                allowed="as many outputs as inputs, at least one",
            )
        values = [view.input(index) for index in range(len(given))]
        outputs = [view.output(index) for index in range(len(given))]
        attrs = view.attrs(WhileAttrs)
        condition, body = body_of(view, attrs.condition), body_of(view, attrs.body)
        for given_values in (values, outputs):
            check_ports(view, "inputs", given_values, condition, condition.inputs)
            check_ports(view, "inputs", given_values, body, body.inputs)
        check_ports(view, "outputs", outputs, body, body.outputs)
        if not condition.outputs:
            raise refuse(view, "the condition has no output", found=condition.name, allowed="one bool")
        check_condition(view, condition.tensors[condition.outputs[0]])

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return tuple(view.output(index).shape for index in range(len(view.node.outputs)))


OPERATOR = While()
