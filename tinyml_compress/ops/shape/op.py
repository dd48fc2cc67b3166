"""SHAPE: the sizes of a tensor, which are known beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MOVABLE
from tinyml_compress.ops.base import Call, Consts, Operator, Options, Out, Ref, Variant
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (struct("tc_constant_params", ints("bytes"), pointers("int32_t", "values")),)


@dataclass(frozen=True)
class ShapeAttrs(Attrs):
    """Attributes of SHAPE, by the schema's number; the output tensor's own type counts."""

    out_type: int = 2


def _emit(view: NodeView) -> tuple[Call, ...]:
    shape = view.input(0).shape
    if not shape:
        return ()
    table = Consts("values", "int32_t", np.array(shape, np.int32))
    params = (("bytes", 4 * len(shape)), ("values", Ref("values")))
    return (Call("tc_x32_constant__c", "tc_constant_params", params, (Out(),), (table,)),)


class Shape(Operator):
    name = "SHAPE"
    attrs_type = ShapeAttrs
    options = Options("ShapeOptions")
    dtypes = tuple(str(dtype.numpy) for dtype in MOVABLE)
    limits = "int32 output"
    variants = (Variant("tc_x32_constant__c", lambda view: True, _emit),)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        _checks.dtypes(view, view.output(), (DType.INT32,), "the output")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return ((len(view.input(0).shape),),)


OPERATOR = Shape()
