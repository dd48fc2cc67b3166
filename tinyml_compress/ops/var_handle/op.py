"""VAR_HANDLE: names a variable. `passes/bind_variables.py` puts the variable in its place, so that nothing is
left.
"""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._variables import VariableAttrs, check_handle
from tinyml_compress.ops.base import Operator, Options


class VarHandle(Operator):
    name = "VAR_HANDLE"
    attrs_type = VariableAttrs
    options = Options("VarHandleOptions")
    dtypes = ("resource",)
    limits = "variables that some operator assigns"
    variants = ()

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 0)
        check_handle(view, view.output())

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (view.output().shape,)


OPERATOR = VarHandle()
