"""Operators whose output is their input under another shape: RESHAPE, SQUEEZE, EXPAND_DIMS."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._moves import MOVABLE, copy_call
from tinyml_compress.ops.base import Call, In, Operator, Out, Overlap, Variant

__all__ = ["SameBytesOperator"]


def _emit(view: NodeView) -> tuple[Call, ...]:
    return (copy_call(view.output().nbytes, In(0), Out()),)


def _in_place(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0),)


class SameBytesOperator(Operator):
    """Costs nothing where the planner puts output on input, which its Overlap invites."""

    dtypes = tuple(str(dtype.numpy) for dtype in MOVABLE)
    variants = (Variant("tc_x8_copy__c", lambda view: True, _emit, overlap=_in_place),)
