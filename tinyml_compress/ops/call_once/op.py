"""CALL_ONCE: a subgraph that runs in the first inference only, to give variables their first values."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._flow import CallOnceAttrs, body_of
from tinyml_compress.ops.base import Kept, Once, Operator, Options, Run, StateBlock, Variant, refuse


def _flow(view: NodeView) -> Once:
    return Once(Kept(), Run(view.attrs(CallOnceAttrs).body, (), ()))


class CallOnce(Operator):
    name = "CALL_ONCE"
    attrs_type = CallOnceAttrs
    options = Options("CallOnceOptions", {"body": "init_subgraph_index"})
    dtypes = ("all that its subgraph takes",)
    limits = "a subgraph without inputs"
    variants = (Variant("once", lambda view: True, lambda view: (), flow=_flow),)
    without_outputs = True

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 0, 0)
        body = body_of(view, view.attrs(CallOnceAttrs).body)
        if body.inputs:
            raise refuse(view, f"inputs of {body.name}", found=len(body.inputs), allowed="none")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return ()

    def state(self, view: NodeView) -> tuple[StateBlock, ...]:
        # TensorFlow Lite Micro's Reset clears the variables but does not call again.
        return (StateBlock("done", DType.BOOL, 1, survives=True),)


OPERATOR = CallOnce()
