"""STRIDED_SLICE: x[begin:end:stride] along every axis."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse

_MAX_RANK = 4


@dataclass(frozen=True)
class StridedSliceAttrs(Attrs):
    """Attributes of STRIDED_SLICE: one bit per axis."""

    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0
    offset: bool = False


@dataclass(frozen=True)
class _Range:
    start: int
    stride: int
    count: int
    shrinks: bool


def _range(size: int, begin: int, end: int, stride: int, bit: int, attrs: StridedSliceAttrs) -> _Range:
    """What is taken along one axis of `size` elements."""
    lowest, highest = (0, size) if stride > 0 else (-1, size - 1)

    def place(index: int) -> int:
        return min(max(index + size if index < 0 else index, lowest), highest)

    if size == 0:
        return _Range(0, stride, 0, bool(attrs.shrink_axis_mask & bit))
    first = (0 if stride > 0 else size - 1) if attrs.begin_mask & bit else place(begin)
    if attrs.shrink_axis_mask & bit:
        return _Range(first, 1, 1, True)
    last = (size if stride > 0 else -1) if attrs.end_mask & bit else place(end)
    return _Range(first, stride, max(0, -((first - last) // stride)), False)


def _ranges(view: NodeView) -> tuple[_Range, ...]:
    attrs = view.attrs(StridedSliceAttrs)
    begin, end, stride = (
        [int(value) for value in view.input(index).constant.reshape(-1)] for index in (1, 2, 3)
    )
    return tuple(
        _range(size, begin[axis], end[axis], stride[axis], 1 << axis, attrs)
        for axis, size in enumerate(view.input(0).shape)
    )


class StridedSlice(MoveOperator):
    name = "STRIDED_SLICE"
    attrs_type = StridedSliceAttrs
    options = Options("StridedSliceOptions")
    types = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32, DType.BOOL)
    limits = f"rank up to {_MAX_RANK}; begin, end and strides constant; no ellipsis, no new axis, no offset"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 4)
        source, attrs = view.input(0), view.attrs(StridedSliceAttrs)
        _checks.one_type(view, self.types)
        rank = _checks.full_rank(view, source, _MAX_RANK, 1)
        for index, what in ((1, "begin"), (2, "end"), (3, "strides")):
            _checks.dtypes(view, view.input(index), (DType.INT32,), what)
            values = _checks.constant_ints(view, index, what)
            if len(values) != rank:
                raise refuse(view, f"number of values in {what}", found=len(values), allowed=rank)
            if what == "strides" and 0 in values:
                raise refuse(view, "stride", found=0, allowed="anything else")
            if what == "strides" and any(
                v < 0 and attrs.shrink_axis_mask >> i & 1 for i, v in enumerate(values)
            ):
                raise refuse(view, "negative stride on an axis that vanishes", found=values, allowed="1")
        for name, value in (
            ("ellipsis_mask", attrs.ellipsis_mask),
            ("new_axis_mask", attrs.new_axis_mask),
            ("offset", attrs.offset),
        ):
            if value:
                raise refuse(
                    view,
                    f"{name}, which TensorFlow Lite Micro ignores",
                    found=value,
                    allowed=0,
                    next_step="write the slice with explicit begin and end along every axis",
                )
        for axis, taken in enumerate(_ranges(view)):
            if taken.shrinks and not 0 <= taken.start < source.shape[axis]:
                raise refuse(
                    view,
                    f"index along axis {axis}",
                    found=taken.start,
                    allowed=f"0 to {source.shape[axis] - 1}",
                )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (tuple(taken.count for taken in _ranges(view) if not taken.shrinks),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        ranges, steps = _ranges(view), steps_of(view.input(0).shape)
        extents = [taken.count for taken in ranges]
        start = sum(taken.start * step for taken, step in zip(ranges, steps, strict=True))
        in_steps = [taken.stride * step for taken, step in zip(ranges, steps, strict=True)]
        if not view.output().elements:
            start = 0
        return (move_call(view, extents, in_steps, steps_of(extents), in_start=start),)


OPERATOR = StridedSlice()
