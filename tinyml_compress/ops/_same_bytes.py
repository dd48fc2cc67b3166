"""Operators whose output is their input under another shape: RESHAPE, SQUEEZE, EXPAND_DIMS."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._fixed_point import Ints
from tinyml_compress.ops._moves import MOVABLE, MoveOperator, copy_call
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Call, In, Out
from tinyml_compress.ops.traits import Carried, channels_of


class SameBytesOperator(MoveOperator):
    """Costs nothing where the planner grants the alias that this offers."""

    values = Carried.SAME
    dtypes = tuple(str(dtype.numpy) for dtype in MOVABLE)

    def handed_on(self, view: NodeView) -> Mapping[int, Ints] | None:
        # a channel becomes every n-th of a flattened row
        count, channels = channels_of(view.input(0)), channels_of(view.output())
        return None if channels % count else {0: np.arange(channels) % count}

    def along(self, view: NodeView, axis: int) -> Along | None:
        # time stays an axis of its own where as many elements stand before and behind it
        source, target = view.input(0).shape, view.output().shape
        if axis >= len(source):
            return None
        for place, size in enumerate(target):
            if size == source[axis] and math.prod(target[:place]) == math.prod(source[:axis]):
                return Along(place)
        return None

    def constant_output(self, view: NodeView) -> npt.NDArray[np.generic]:
        return view.input(0).constant.reshape(view.output().shape)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        return (copy_call(view.output().nbytes, In(0), Out()),)
