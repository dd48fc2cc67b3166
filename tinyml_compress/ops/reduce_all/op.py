"""REDUCE_ALL: whether all booleans along some axes are true."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops._reduce import ReduceOperator, walk_params
from tinyml_compress.ops.base import Call, In, Out, Variant, refuse
from tinyml_compress.ops.structs import pointers, struct

STRUCTS = (struct("tc_reduce_all_params", pointers("int32_t", "kept reduced")),)


def _emit(view: NodeView) -> tuple[Call, ...]:
    params, tables = walk_params(view)
    return (Call("tc_u8_reduce_all__c", "tc_reduce_all_params", params, (In(0), Out()), tables),)


class ReduceAll(ReduceOperator):
    name = "REDUCE_ALL"
    types = (DType.BOOL,)
    variants = (Variant("tc_u8_reduce_all__c", lambda view: True, _emit),)

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.input(0).elements == 0:
            raise refuse(view, "empty input", found=view.input(0).shape, allowed="at least one element")


OPERATOR = ReduceAll()
