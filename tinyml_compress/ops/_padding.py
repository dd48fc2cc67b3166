"""PAD and PADV2: fill, then copy the input into the middle."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, fill_call, move_call
from tinyml_compress.ops._walk import steps_of
from tinyml_compress.ops.base import Call, refuse

_MAX_RANK = 5


def _paddings(view: NodeView) -> tuple[tuple[int, int], ...]:
    """(before, after) per axis."""
    data = view.input(1).constant
    return tuple((int(before), int(after)) for before, after in np.asarray(data).reshape(-1, 2))


def _pad_value(view: NodeView) -> np.generic:
    """What the border is filled with."""
    out = view.output()
    given = view.optional_input(2)
    if given is not None:
        return np.asarray(given.constant).reshape(-1)[0]  # type: ignore[no-any-return]
    zero = out.quant.zero_point if out.quant is not None and out.dtype is DType.INT8 else 0
    return out.dtype.numpy.type(zero)


class PadOperator(MoveOperator):
    """Padding amounts and the value are constants."""

    dtypes = ("int8", "int16", "int32", "float32")
    limits = f"rank up to {_MAX_RANK}; paddings constant"

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        source, target = view.input(0), view.output()
        out_steps = steps_of(target.shape)
        start = sum(before * step for (before, _), step in zip(_paddings(view), out_steps, strict=True))
        move = move_call(view, source.shape, steps_of(source.shape), out_steps, out_start=start)
        if source.elements == target.elements:
            return (move,)
        fill = fill_call(view, _pad_value(view), target.elements)
        return (fill, move) if source.elements else (fill,)

    def border(self, view: NodeView) -> tuple[tuple[int, int], ...] | None:
        source, quant = view.input(0), view.output().quant
        is_zero = quant is not None and _pad_value(view).item() == quant.zero_point
        return _paddings(view) if is_zero and source.quant == quant else None

    def keeps_channels(self, view: NodeView) -> bool:
        return not any(map(any, _paddings(view)[-1:]))

    def check(self, view: NodeView) -> None:
        _checks.arity(view, (2, 3))
        source, target = view.input(0), view.output()
        dtype = _checks.dtypes(view, source, (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32))
        _checks.dtypes(view, target, (dtype,))
        rank = _checks.full_rank(view, source, _MAX_RANK)
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the paddings")
        amounts = _checks.constant_ints(view, 1, "the paddings")
        if len(amounts) != 2 * rank:
            raise refuse(view, "number of paddings", found=len(amounts), allowed=2 * rank)
        if any(amount < 0 for amount in amounts):
            raise refuse(view, "negative padding", found=amounts, allowed="0 or more")
        given = view.optional_input(2)
        if given is not None:
            _checks.dtypes(view, given, (dtype,), "the padding value")
            if given.data is None or given.elements != 1:
                raise refuse(view, "the padding value", found=f"tensor {given.name}", allowed="one constant")
        if dtype is DType.INT8:
            _checks.quantization(view, target)
            if given is not None:
                _checks.same_quantization(view, target, given)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (
            tuple(
                before + size + after
                for size, (before, after) in zip(view.input(0).shape, _paddings(view), strict=True)
            ),
        )
