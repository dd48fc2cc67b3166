"""TRANSPOSE: axes in another order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Call, Options, refuse
from tinyml_compress.ops.traits import Carried

_MAX_RANK = 5


def _permutation(view: NodeView) -> tuple[int, ...]:
    data = view.input(1).constant
    return tuple(int(axis) for axis in data.reshape(-1))


class Transpose(MoveOperator):
    name = "TRANSPOSE"
    values = Carried.SAME
    options = Options("TransposeOptions")
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    limits = f"rank up to {_MAX_RANK}, permutation constant"

    def constant_output(self, view: NodeView) -> npt.NDArray[np.generic]:
        return np.transpose(view.input(0).constant, _permutation(view))

    def along(self, view: NodeView, axis: int) -> Along:
        return Along(_permutation(view).index(axis))

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        _checks.one_type(view, self.types)
        rank = _checks.full_rank(view, view.input(0), _MAX_RANK)
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the permutation")
        axes = _checks.constant_ints(view, 1, "the permutation")
        if sorted(axes) != list(range(rank)):
            raise refuse(view, "the permutation", found=axes, allowed=f"each of 0 to {rank - 1} once")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (tuple(view.input(0).shape[axis] for axis in _permutation(view)),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        steps, shape = steps_of(view.input(0).shape), view.output().shape
        return (move_call(view, shape, [steps[axis] for axis in _permutation(view)], steps_of(shape)),)


OPERATOR = Transpose()
