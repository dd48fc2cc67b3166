"""BROADCAST_ARGS: the shape to which two shapes broadcast, computed at run time."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import In, Operator, Out
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_broadcast_args_params", ints("first", note="ranks of the two shapes"), ints("second")),)


def _params(view: NodeView) -> Params:
    return (("first", view.input(0).elements), ("second", view.input(1).elements))


class BroadcastArgs(Operator):
    name = "BROADCAST_ARGS"
    types = (DType.INT32, DType.INT64)
    limits = "shapes that broadcast: at run time nothing checks it"
    variants = each_type(
        "tc_{}_broadcast_args__c", types, "tc_broadcast_args_params", _params, (In(0), In(1), Out())
    )

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        _checks.one_type(view, self.types, 0, 1)
        for tensor in (view.input(0), view.input(1), view.output()):
            _checks.full_rank(view, tensor, 1, 1)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return ((max(view.input(0).elements, view.input(1).elements),),)


OPERATOR = BroadcastArgs()
