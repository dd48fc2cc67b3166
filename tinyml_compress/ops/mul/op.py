"""MUL: product with broadcasting and fused activation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._addsub import FusedAttrs, check_fused, plain_variants
from tinyml_compress.ops._binary import (
    BinaryOperator,
    binary_variants,
    broadcast_walk,
    flat_in_place,
    scalar_variant,
)
from tinyml_compress.ops._fixed_point import Ints, requantize
from tinyml_compress.ops.base import Argument, Call, Consts, In, Options, Out, ParamValue, Ref, Variant
from tinyml_compress.ops.numerics import Activation, activation_range, quantize_multiplier
from tinyml_compress.ops.rows import NAMES, takes
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_mul_params",
        ints("count"),
        pointers("int32_t", "walk", note="two lanes; only for broadcasting"),
        ints("zero_point1 zero_point2 multiplier shift zero_point low high"),
    ),
    struct(
        "tc_mul_words_params",
        pointers("int32_t", "walk", note="two lanes; the first has rows of values, the second may have one"),
        ints("zero1 zero2 multiplier half shift"),
    ),
)
_MOST_SHIFT = 22
"""The zero point before this shift stays within 32 bits."""


def _multiplier(view: NodeView) -> tuple[int, int]:
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    return quantize_multiplier(first.scale * second.scale / out.scale)


def _params(view: NodeView) -> tuple[tuple[str, int], ...]:
    first, second, out = view.quant(0), view.quant(1), view.output_quant()
    multiplier, shift = _multiplier(view)
    low, high = activation_range(view.attrs(FusedAttrs).activation, view.output().dtype, out)
    return (
        ("zero_point1", first.zero_point),
        ("zero_point2", second.zero_point),
        ("multiplier", multiplier),
        ("shift", shift),
        ("zero_point", out.zero_point),
        ("low", low),
        ("high", high),
    )


def _counted(variant: Variant) -> Variant:
    """What takes a kernel's time: products, and rows of them."""
    return replace(
        variant,
        counts=lambda view: {"outputs": view.output().elements, "rows": broadcast_walk(view).rows},
    )


def _words(dtype: DType) -> Variant:
    """By words: where all values of the type can come out, and rows of values lie side by side."""
    symbol = f"tc_{NAMES[dtype]}_mul_words__dsp"
    lanes = 4 // dtype.itemsize

    def accepts(view: NodeView) -> bool:
        if view.output().dtype is not dtype or not 1 <= -_multiplier(view)[1] <= _MOST_SHIFT:
            return False
        loops, ends = broadcast_walk(view), dict(_params(view))
        most = 1 << (8 * dtype.itemsize - 1)
        whole = (ends["low"], ends["high"]) == (-most, most - 1)
        return whole and loops.row >= lanes and loops.row_steps in ((1, 1), (1, 0), (0, 1))

    def emit(view: NodeView) -> tuple[Call, ...]:
        loops, given = broadcast_walk(view), dict(_params(view))
        order = (0, 1) if loops.row_steps[0] else (1, 0)
        table = replace(loops, steps=tuple(loops.steps[lane] for lane in order)).table
        zeros = [-given[f"zero_point{lane + 1}"] & 0xFFFF for lane in order]
        shift = -given["shift"]
        params: tuple[tuple[str, ParamValue], ...] = (
            ("walk", Ref("walk")),
            *((f"zero{index}", _signed(zero << 16 | zero)) for index, zero in enumerate(zeros, 1)),
            ("multiplier", given["multiplier"]),
            ("half", (2 * given["zero_point"] + 1) << (shift - 1)),
            ("shift", shift),
        )
        sides: tuple[Argument, ...] = (*(In(lane) for lane in order), Out())
        return (Call(symbol, "tc_mul_words_params", params, sides, (Consts("walk", "int32_t", table),)),)

    return _counted(Variant(symbol, accepts, emit, overlap=flat_in_place))


def _combined(view: NodeView, first: Ints, second: Ints) -> Ints:
    given = dict(_params(view))
    product = (first - given["zero_point1"]) * (second - given["zero_point2"])
    scaled = requantize(product, given["multiplier"], given["shift"]) + given["zero_point"]
    return np.clip(scaled, given["low"], given["high"])


def _signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


class Mul(BinaryOperator):
    name = "MUL"
    ends_in_clamp = True
    attrs_type = FusedAttrs
    options = Options("MulOptions")
    types = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)
    variants = (
        scalar_variant(_combined),
        _words(DType.INT8),
        _words(DType.INT16),
        *map(_counted, binary_variants("mul", "s8", "tc_mul_params", _params, takes(DType.INT8))),
        *map(_counted, binary_variants("mul", "s16", "tc_mul_params", _params, takes(DType.INT16))),
        *plain_variants("mul", lambda view: view.attrs(FusedAttrs).activation),
    )

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        check_fused(view)
        if out.dtype in (DType.INT32, DType.FLOAT32):
            return
        _checks.quantizations(view, first, second, out)
        if view.attrs(FusedAttrs).activation is not Activation.NONE:
            _checks.six_fits(view, _checks.quantization(view, out))
        _checks.shift(view, _multiplier(view)[1])


OPERATOR = Mul()
