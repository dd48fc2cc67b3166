"""ASSIGN_VARIABLE: a variable takes a value. It has no output."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE
from tinyml_compress.ops._variables import check_handle, check_value
from tinyml_compress.ops.base import Call, In, Operator, Options, Var, Variant, refuse


def _emit(view: NodeView) -> tuple[Call, ...]:
    count = (("count", view.input(1).nbytes),)
    return (Call("tc_x8_copy__c", "tc_copy_params", count, (In(1), Var(0))),)


class AssignVariable(Operator):
    name = "ASSIGN_VARIABLE"
    options = Options("AssignVariableOptions")
    dtypes = tuple(str(dtype.numpy) for dtype in MOVABLE)
    variants = (Variant("tc_x8_copy__c", lambda view: view.input(0).variable, _emit),)
    without_outputs = True

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2, 0)
        check_handle(view, view.input(0))
        check_value(view, view.input(0), view.input(1))
        if view.input(1).variable:
            raise refuse(
                view, "the value is a variable tensor", found=view.input(1).name, allowed="a computed tensor"
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return ()


OPERATOR = AssignVariable()
