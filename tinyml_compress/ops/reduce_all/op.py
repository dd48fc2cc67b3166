"""REDUCE_ALL: whether all booleans along some axes are true."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._reduce import ReduceOperator, walk_params
from tinyml_compress.ops.rows import called
from tinyml_compress.ops.structs import pointers, struct

STRUCTS = (struct("tc_reduce_all_params", pointers("int32_t", "kept reduced")),)


class ReduceAll(ReduceOperator):
    name = "REDUCE_ALL"
    types = (DType.BOOL,)
    variants = (called("tc_u8_reduce_all__c", "tc_reduce_all_params", walk_params),)

    def check(self, view: NodeView) -> None:
        super().check(view)
        _checks.not_empty(view, view.input(0))


OPERATOR = ReduceAll()
