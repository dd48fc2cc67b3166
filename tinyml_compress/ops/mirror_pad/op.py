"""MIRROR_PAD: a border that reflects the inside."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import Enum

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, Options, refuse


class MirrorMode(Enum):
    """Whether the outermost element itself is repeated; values are the schema's."""

    REFLECT = 0
    SYMMETRIC = 1


@dataclass(frozen=True)
class MirrorPadAttrs(Attrs):
    mode: MirrorMode = MirrorMode.REFLECT


@dataclass(frozen=True)
class _Stretch:
    """A part of one axis: `count` elements from `source` on, `step` apart, to `target` on."""

    source: int
    step: int
    target: int
    count: int


def _stretches(size: int, before: int, after: int, skip: int) -> list[_Stretch]:
    parts = [
        _Stretch(before - 1 + skip, -1, 0, before),
        _Stretch(0, 1, before, size),
        _Stretch(size - 1 - skip, -1, before + size, after),
    ]
    return [part for part in parts if part.count]


class MirrorPad(MoveOperator):
    name = "MIRROR_PAD"
    attrs_type = MirrorPadAttrs
    options = Options("MirrorPadOptions")
    types = (DType.INT8, DType.FLOAT32)
    limits = "paddings constant"

    def _amounts(self, view: NodeView) -> list[tuple[int, int]]:
        values = np.array(_checks.constant_ints(view, 1, "the paddings")).reshape(-1, 2)
        return [(int(before), int(after)) for before, after in values]

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        source = view.input(0)
        _checks.one_type(view, self.types)
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the paddings")
        rank = _checks.full_rank(view, source, 5, 1)
        count = len(_checks.constant_ints(view, 1, "the paddings"))
        if count != 2 * rank:
            raise refuse(view, "number of paddings", found=count, allowed=2 * rank)
        skip = 1 - view.attrs(MirrorPadAttrs).mode.value
        for size, pair in zip(source.shape, self._amounts(view), strict=True):
            if min(pair) < 0 or max(pair) > size - skip:
                raise refuse(view, "paddings", found=pair, allowed=f"0 to {size - skip}")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        pairs = zip(view.input(0).shape, self._amounts(view), strict=True)
        return (tuple(before + size + after for size, (before, after) in pairs),)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        shape, skip = view.input(0).shape, 1 - view.attrs(MirrorPadAttrs).mode.value
        in_steps, out_steps = steps_of(shape), steps_of(view.output().shape)
        axes = [_stretches(size, *pair, skip) for size, pair in zip(shape, self._amounts(view), strict=True)]
        return tuple(
            move_call(
                view,
                [part.count for part in parts],
                [part.step * step for part, step in zip(parts, in_steps, strict=True)],
                out_steps,
                in_start=sum(part.source * step for part, step in zip(parts, in_steps, strict=True)),
                out_start=sum(part.target * step for part, step in zip(parts, out_steps, strict=True)),
                name=f"walk{index}",
            )
            for index, parts in enumerate(itertools.product(*axes))
        )


OPERATOR = MirrorPad()
