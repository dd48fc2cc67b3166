"""ADD: sum with broadcasting and fused activation."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, NodeView, needed
from tinyml_compress.ops._addsub import AddSubOperator, addsub_variants, plain_variants
from tinyml_compress.ops._binary import flat_in_place, is_flat
from tinyml_compress.ops._fixed_point import requantize
from tinyml_compress.ops.base import Call, Consts, In, Level, Options, Out, Ref, Variant
from tinyml_compress.ops.numerics import Activation, quantize_multiplier
from tinyml_compress.ops.structs import ints, pointers, struct
from tinyml_compress.ops.work import Counts

STRUCTS = (
    struct(
        "tc_add_fast_params",
        ints("count wide_zero_point fine_zero_point fine_left fine_multiplier fine_half fine_shift"),
        ints("finish", length=4, note="see tc_fast_finish"),
    ),
    struct(
        "tc_add_table_params",
        ints("count"),
        pointers(
            "int32_t", "fine", note="the scaled fine input by its bits, and what the wide zero point adds"
        ),
        ints("finish", length=4),
    ),
)

_LEFT = 20
_PEAK = 255 << _LEFT
"""No larger sum: both inputs come to at most half of it."""


class Add(AddSubOperator):
    name = "ADD"
    options = Options("AddOptions")


OPERATOR = Add()


def _wide(view: NodeView) -> int:
    """The input of the larger scale, whose multiplier is exactly one half."""
    first, second = view.quant(0), view.quant(1)
    return 0 if first.scale >= second.scale else 1


def _fine_multiplier(view: NodeView) -> tuple[int, int]:
    wide, fine = view.quant(_wide(view)), view.quant(1 - _wide(view))
    return quantize_multiplier(fine.scale / (2.0 * wide.scale))


def _finish(view: NodeView) -> tuple[int, int, int, int] | None:
    """The table of `tc_fast_finish`, or None where it would not be exact."""
    values = dict(OPERATOR.params(view))
    multiplier, right, zero_point = (values[name] for name in ("multiplier", "shift", "zero_point"))
    if (values["low"], values["high"]) != (-128, 127) or not -22 <= right <= -1:
        return None
    half = (1 << (-right - 1)) + zero_point * (1 << -right)
    return None if abs(half) + _PEAK >= 1 << 31 else (0, multiplier, half, -right)


def _accepts(view: NodeView) -> bool:
    multiplier, shift = _fine_multiplier(view) if view.output().dtype is DType.INT8 else (0, 0)
    return multiplier > 0 and shift >= -30 and is_flat(view) and _finish(view) is not None


def _arguments(view: NodeView) -> tuple[In, In, Out]:
    return In(_wide(view)), In(1 - _wide(view)), Out()


def _emit_fast(view: NodeView) -> tuple[Call, ...]:
    wide, fine, finish = view.quant(_wide(view)), view.quant(1 - _wide(view)), needed(_finish(view))
    multiplier, shift = _fine_multiplier(view)
    # The kernel rounds after a shift of at least one; a factor of one half has none and takes one more to the
    # left.
    left, right = (_LEFT + 2, 1) if shift == 0 else (_LEFT + 1, -shift)
    params = (
        ("count", view.output().elements),
        ("wide_zero_point", wide.zero_point),
        ("fine_zero_point", fine.zero_point),
        ("fine_left", left),
        ("fine_multiplier", multiplier),
        ("fine_half", 1 << (right - 1)),
        ("fine_shift", right),
        ("finish", finish),
    )
    return (Call("tc_s8_add__dsp", "tc_add_fast_params", params, _arguments(view)),)


def _emit_table(view: NodeView) -> tuple[Call, ...]:
    wide, fine, finish = view.quant(_wide(view)), view.quant(1 - _wide(view)), needed(_finish(view))
    values = (np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int64) - fine.zero_point) << _LEFT
    scaled = requantize(values, *_fine_multiplier(view)) - (wide.zero_point << (_LEFT - 1))
    table = Consts("fine", "int32_t", scaled.astype(np.int32))
    params = (("count", view.output().elements), ("fine", Ref("fine")), ("finish", finish))
    return (Call("tc_s8_add_table__dsp", "tc_add_table_params", params, _arguments(view), (table,)),)


def _counts(view: NodeView) -> Counts:
    return {"outputs": view.output().elements}


Add.variants = (
    Variant(
        "tc_s8_add_table__dsp",
        lambda view: _accepts(view) and view.output().elements >= 1024,
        _emit_table,
        levels=frozenset({Level.SPEED}),
        overlap=flat_in_place,
        counts=_counts,
    ),
    Variant(
        "tc_s8_add__dsp",
        _accepts,
        _emit_fast,
        overlap=flat_in_place,
        counts=_counts,
    ),
    *addsub_variants("add", OPERATOR),
    *plain_variants("add", lambda view: Activation.NONE),  # for int32, TFLM ignores the activation
)
