"""TRANSPOSE: axes in another order."""

from __future__ import annotations

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Operator, Options, Overlap, Variant

__all__ = ["OPERATOR", "Transpose"]

_MAX_RANK = 5


def _permutation(view: NodeView) -> tuple[int, ...]:
    data = view.input(1).data
    assert data is not None
    return tuple(int(axis) for axis in data.reshape(-1))


def _emit(view: NodeView) -> tuple[Call, ...]:
    steps = steps_of(view.input(0).shape)
    shape = view.output().shape
    return (move_call(view, shape, [steps[axis] for axis in _permutation(view)], steps_of(shape)),)


def _in_place(view: NodeView) -> tuple[Overlap, ...]:
    """Only where no element changes its place."""
    return (Overlap(0, 0),) if _emit(view)[0].moves else ()


class Transpose(Operator):
    name = "TRANSPOSE"
    attrs_type = Attrs
    options = Options("TransposeOptions")
    dtypes = ("int8", "int16", "float32")
    limits = f"rank up to {_MAX_RANK}, permutation constant"
    variants = (Variant("tc_x8_move__c", lambda view: True, _emit, overlap=_in_place),)

    def check(self, view: NodeView) -> None:
        _checks.arity(self, view, 2)
        dtype = _checks.dtypes(self, view, view.input(0), (DType.INT8, DType.INT16, DType.FLOAT32))
        _checks.dtypes(self, view, view.output(), (dtype,))
        rank = _checks.full_rank(self, view, view.input(0), _MAX_RANK)
        _checks.dtypes(self, view, view.input(1), (DType.INT32,), "the permutation")
        axes = _checks.constant_ints(self, view, 1, "the permutation")
        if sorted(axes) != list(range(rank)):
            raise self.refuse(view, "the permutation", found=axes, allowed=f"each of 0 to {rank - 1} once")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (tuple(view.input(0).shape[axis] for axis in _permutation(view)),)


OPERATOR = Transpose()
