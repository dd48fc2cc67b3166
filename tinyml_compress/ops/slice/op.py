"""SLICE: x[begin : begin + size] along every axis."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse

_MAX_RANK = 5


class Slice(MoveOperator):
    name = "SLICE"
    options = Options("SliceOptions")
    types = (DType.INT8, DType.INT16, DType.INT32, DType.BOOL, DType.FLOAT32)
    limits = f"rank up to {_MAX_RANK}; begin and size constant"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 3)
        source = view.input(0)
        _checks.one_type(view, self.types)
        rank = _checks.full_rank(view, source, _MAX_RANK, 1)
        begin = _checks.constant_ints(view, 1, "begin")
        size = _checks.constant_ints(view, 2, "size")
        if view.input(1).dtype is not view.input(2).dtype:
            raise refuse(view, "types of begin and size", found="two types", allowed="one")
        for what, values in (("begin", begin), ("size", size)):
            if len(values) != rank:
                raise refuse(view, f"number of values in {what}", found=len(values), allowed=rank)
        for axis, (first, count) in enumerate(zip(begin, size, strict=True)):
            whole = source.shape[axis]
            if first < 0 or count < -1 or first + max(count, 0) > whole:
                raise refuse(
                    view, f"range along axis {axis}", found=f"{first} + {count}", allowed=f"in {whole}"
                )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        begin = _checks.constant_ints(view, 1, "begin")
        size = _checks.constant_ints(view, 2, "size")
        shape = view.input(0).shape
        return (tuple(n - b if s == -1 else s for n, b, s in zip(shape, begin, size, strict=True)),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        steps, shape = steps_of(view.input(0).shape), view.output().shape
        begin = _checks.constant_ints(view, 1, "begin")
        start = sum(b * step for b, step in zip(begin, steps, strict=True)) if view.output().elements else 0
        return (move_call(view, shape, steps, steps_of(shape), in_start=start),)


OPERATOR = Slice()
