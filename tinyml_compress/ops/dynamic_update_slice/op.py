"""DYNAMIC_UPDATE_SLICE: a tensor with a block of it replaced, at a place that is known only at run time."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import copy_call
from tinyml_compress.ops.base import (
    Call,
    Consts,
    In,
    Operator,
    Options,
    Out,
    Overlap,
    Ref,
    Variant,
    refuse,
)
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_update_slice_params",
        ints("rank"),
        ints("row", note="bytes of the update along its last axis"),
        pointers(
            "int32_t",
            "sizes",
            note="per axis: length in the whole, length in the update, bytes of one step in the whole",
        ),
    ),
)

_MAX_RANK = 6


def _sizes(view: NodeView) -> Consts:
    """Per axis: its length in the whole, in the update, and the bytes from one element to the next in the
    whole.
    """
    whole, part = view.input(0), view.input(1)
    rows: list[int] = []
    step = whole.dtype.itemsize
    for have, put in zip(reversed(whole.shape), reversed(part.shape), strict=True):
        rows[:0] = (have, put, step)
        step *= have
    return Consts("sizes", "int32_t", np.array(rows, np.int32))


def _emit(view: NodeView) -> tuple[Call, ...]:
    whole, part, start = view.input(0), view.input(1), view.input(2)
    if whole.elements == part.elements:
        return (copy_call(whole.nbytes, In(1), Out()),)
    before = copy_call(whole.nbytes, In(0), Out())
    name = "tc_x8_s64_update_slice__c" if start.dtype is DType.INT64 else "tc_x8_s32_update_slice__c"
    params = (
        ("rank", len(whole.shape)),
        ("row", part.shape[-1] * part.dtype.itemsize),
        ("sizes", Ref("sizes")),
    )
    put = Call(name, "tc_update_slice_params", params, (In(1), In(2), Out()), (_sizes(view),))
    return (before, put) if part.elements else (before,)


def _in_place(view: NodeView) -> tuple[Overlap, ...]:
    """The whole may be changed where it lies; anywhere else the copy would run over it."""
    return (Overlap(0, 0, 0, exact=True),) if view.input(0).name != view.input(1).name else ()


class DynamicUpdateSlice(Operator):
    name = "DYNAMIC_UPDATE_SLICE"
    options = Options("DynamicUpdateSliceOptions")
    types = (DType.INT8, DType.INT32, DType.FLOAT32)
    limits = f"rank 1 to {_MAX_RANK}; a block that would reach outside is moved inside"
    variants = (Variant("tc_x8_s32_update_slice__c", lambda view: True, _emit, overlap=_in_place),)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 3)
        whole, part, start = view.input(0), view.input(1), view.input(2)
        _checks.one_type(view, self.types, 0, 1)
        _checks.dtypes(view, start, (DType.INT32, DType.INT64), "the start")
        rank = _checks.full_rank(view, whole, _MAX_RANK, 1)
        _checks.full_rank(view, part, rank, rank)
        if start.shape != (rank,):
            raise refuse(view, "shape of the start", found=start.shape, allowed=(rank,))
        if any(put > have for put, have in zip(part.shape, whole.shape, strict=True)):
            raise refuse(view, "size of the update", found=part.shape, allowed=f"at most {whole.shape}")


OPERATOR = DynamicUpdateSlice()
