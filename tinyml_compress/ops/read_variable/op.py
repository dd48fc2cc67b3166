"""READ_VARIABLE: the value that a variable has now."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE, copy_call
from tinyml_compress.ops._variables import check_handle, check_value
from tinyml_compress.ops.base import Call, In, Operator, Options, Out, Variant


def _emit(view: NodeView) -> tuple[Call, ...]:
    return (copy_call(view.output().nbytes, In(0), Out()),)


class ReadVariable(Operator):
    name = "READ_VARIABLE"
    options = Options("ReadVariableOptions")
    dtypes = tuple(str(dtype.numpy) for dtype in MOVABLE)
    limits = "variables that some operator assigns"
    variants = (Variant("tc_x8_copy__c", lambda view: view.input(0).variable, _emit),)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        check_handle(view, view.input(0))
        check_value(view, view.input(0), view.output())

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (view.output().shape,)


OPERATOR = ReadVariable()
