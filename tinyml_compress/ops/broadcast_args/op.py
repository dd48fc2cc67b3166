"""BROADCAST_ARGS: the shape to which two shapes broadcast, computed at run time."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Call, In, Operator, Out, Variant
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_broadcast_args_params", ints("first", note="ranks of the two shapes"), ints("second")),)

_NAMES = {DType.INT32: "s32", DType.INT64: "s64"}


def _variant(dtype: DType) -> Variant:
    symbol = f"tc_{_NAMES[dtype]}_broadcast_args__c"

    def emit(view: NodeView) -> tuple[Call, ...]:
        params = (("first", view.input(0).elements), ("second", view.input(1).elements))
        return (Call(symbol, "tc_broadcast_args_params", params, (In(0), In(1), Out())),)

    return Variant(symbol, lambda view: view.input(0).dtype is dtype, emit)


class BroadcastArgs(Operator):
    name = "BROADCAST_ARGS"
    dtypes = ("int32", "int64")
    limits = "shapes that broadcast: at run time nothing checks it"
    variants = tuple(_variant(dtype) for dtype in _NAMES)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        dtype = _checks.dtypes(view, view.input(0), tuple(_NAMES))
        for tensor in (view.input(1), view.output()):
            _checks.dtypes(view, tensor, (dtype,))
        for tensor in (view.input(0), view.input(1), view.output()):
            _checks.full_rank(view, tensor, 1, 1)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return ((max(view.input(0).elements, view.input(1).elements),),)


OPERATOR = BroadcastArgs()
