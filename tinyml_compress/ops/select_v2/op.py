"""SELECT_V2: one of two values for every element, with broadcasting."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._walk import broadcast_steps, walk
from tinyml_compress.ops.base import Call, Consts, In, Operator, Options, Out, Ref, Variant, refuse
from tinyml_compress.ops.structs import pointers, struct

STRUCTS = (struct("tc_select_params", pointers("int32_t", "walk", note="lanes: condition, first, second")),)

_MAX_RANK = 5


def _emit(view: NodeView) -> tuple[Call, ...]:
    shape = view.output().shape
    lanes = [broadcast_steps(view.input(index).shape, len(shape)) for index in range(3)]
    table = Consts("walk", "int32_t", walk(shape, *lanes).table)
    symbol = f"tc_x{8 * view.output().dtype.itemsize}_select__c"
    return (
        Call(symbol, "tc_select_params", (("walk", Ref("walk")),), (In(0), In(1), In(2), Out()), (table,)),
    )


class SelectV2(Operator):
    name = "SELECT_V2"
    elementwise = True
    options = Options("SelectV2Options")
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    limits = f"rank up to {_MAX_RANK}"
    variants = (Variant("tc_x8_select__c", lambda view: True, _emit),)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 3)
        _checks.dtypes(view, view.input(0), (DType.BOOL,), "the condition")
        dtype = _checks.one_type(view, self.types, 1, 2)
        shapes = [view.input(index).shape for index in range(3)]
        for index in range(3):
            _checks.full_rank(view, view.input(index), _MAX_RANK)
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            raise refuse(view, "shapes cannot be broadcast together", found=shapes) from None
        if dtype in (DType.INT8, DType.INT16):
            _checks.same_quantization(view, view.input(1), view.output())
            _checks.same_quantization(view, view.input(2), view.output())

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        shape = np.broadcast_shapes(*(view.input(index).shape for index in range(3)))
        return (tuple(int(size) for size in shape),)


OPERATOR = SelectV2()
