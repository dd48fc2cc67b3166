"""ASSIGN_VARIABLE: a variable takes a value. It has no output."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE
from tinyml_compress.ops._variables import check_handle, check_value
from tinyml_compress.ops.base import In, Operator, Options, Var, refuse
from tinyml_compress.ops.rows import Params, called


def _params(view: NodeView) -> Params:
    return (("count", view.input(1).nbytes),)


class AssignVariable(Operator):
    name = "ASSIGN_VARIABLE"
    options = Options("AssignVariableOptions")
    dtypes = tuple(str(dtype.numpy) for dtype in MOVABLE)
    variants = (
        called(
            "tc_x8_copy__c",
            "tc_copy_params",
            _params,
            (In(1), Var(0)),
            accepts=lambda view: view.input(0).variable,
        ),
    )
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
