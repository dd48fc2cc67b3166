"""SPLIT and SPLIT_V: what they share."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Call


class SplittingOperator(MoveOperator):
    """One tensor becomes several along a constant axis."""

    types = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
    limits = "axis and sizes constant"
    source: ClassVar[int]
    axis_input: ClassVar[int]

    def axis(self, view: NodeView) -> int:
        return _checks.one_axis(view, self.axis_input, len(view.input(self.source).shape))

    def along(self, view: NodeView, axis: int) -> Along | None:
        return Along(axis) if self.axis(view) != axis else None

    @abstractmethod
    def sizes(self, view: NodeView) -> tuple[int, ...]:
        """Elements along the axis of every output."""

    def check_common(self, view: NodeView) -> None:
        """Types, rank and axis."""
        tensor = view.input(self.source)
        _checks.one_type(view, self.types, self.source)
        rank = _checks.full_rank(view, tensor, 5, 1)
        _checks.one_axis(view, self.axis_input, rank)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        shape, axis = view.input(self.source).shape, self.axis(view)
        return tuple((*shape[:axis], size, *shape[axis + 1 :]) for size in self.sizes(view))

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        steps, axis = steps_of(view.input(self.source).shape), self.axis(view)
        calls: list[Call] = []
        start = 0
        for index, shape in enumerate(self.output_shapes(view)):
            calls.append(
                move_call(
                    view,
                    shape,
                    steps,
                    steps_of(shape),
                    source=self.source,
                    target=index,
                    in_start=start * steps[axis] if view.output(index).elements else 0,
                    name=f"walk{index}",
                )
            )
            start += shape[axis]
        return tuple(call for index, call in enumerate(calls) if view.output(index).elements)
