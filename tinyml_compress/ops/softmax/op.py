"""SOFTMAX over the last axis, int8 to int8 or int16, int16 and float32 to themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Consts, Level, Operator, Options, Overlap, Variant, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import Params, called, takes
from tinyml_compress.ops.softmax.exponential import exponential_table, input_scaling
from tinyml_compress.ops.softmax.interpolation import exponential_steps, reciprocal_steps
from tinyml_compress.ops.structs import floats, ints, pointers, struct

STRUCTS = (
    struct(
        "tc_s8_softmax",
        ints("rows depth"),
        ints("entries", note="of the table; larger differences to the row's largest value count as 0"),
        pointers("int32_t", "exponentials", note="exp(-difference) in Q0.31, then a 0"),
    ),
    struct("tc_f32_softmax", ints("rows depth"), floats("beta")),
    struct(
        "tc_s16_softmax",
        ints("rows depth"),
        ints("multiplier", note="input steps to steps of 10 / 65535"),
        ints("shift"),
        pointers("int16_t", "exponentials reciprocals"),
    ),
)

_MAX_DEPTH = {DType.INT8: 4095, DType.INT16: 1 << 15, DType.FLOAT32: 1 << 23}
"""Past it TFLM's sum of exponentials can overflow: Q12.19 for int8, Q16.15 for int16. Floats stop growing."""

_MOST_SHIFT = 30
"""Differences that a shift to the left takes beyond 32 bits wrap, as on the device."""


@dataclass(frozen=True)
class SoftmaxAttrs(Attrs):
    beta: float = 1.0


def _to(dtype: DType, symbol: str) -> Variant:
    def accepts(view: NodeView) -> bool:
        return view.input(0).dtype is DType.INT8 and view.output().dtype is dtype

    def params(view: NodeView) -> Params:
        table = exponential_table(view.attrs(SoftmaxAttrs).beta, view.input(0).quantized.scale)
        ended = np.append(table, np.int32(0)).astype(np.int32)
        return (*_rows(view), ("entries", len(table)), ("exponentials", Consts("exp", "int32_t", ended)))

    def overlap(view: NodeView) -> tuple[Overlap, ...]:
        return (Overlap(0, 0, 0),) if dtype is DType.INT8 else ()

    return called(symbol, "tc_s8_softmax", params, accepts=accepts, overlap=overlap)


def _scaling16(view: NodeView) -> tuple[int, int]:
    quant = view.quant(0)
    return quantize_multiplier(quant.scale * view.attrs(SoftmaxAttrs).beta / (10.0 / 65535.0))


def _rows(view: NodeView) -> Params:
    depth = view.input(0).shape[-1]
    return (("rows", view.input(0).elements // depth), ("depth", depth))


def _params_s16(view: NodeView) -> Params:
    multiplier, shift = _scaling16(view)
    return (
        *_rows(view),
        ("multiplier", multiplier),
        ("shift", shift),
        ("exponentials", Consts("exp", "int16_t", exponential_steps())),
        ("reciprocals", Consts("reciprocal", "int16_t", reciprocal_steps())),
    )


def _params_f32(view: NodeView) -> Params:
    return (*_rows(view), ("beta", float(np.float32(view.attrs(SoftmaxAttrs).beta))))


def _in_place(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0, 0),)


class Softmax(Operator):
    name = "SOFTMAX"
    attrs_type = SoftmaxAttrs
    options = Options("SoftmaxOptions")
    dtypes = ("int8", "int8 to int16", "int16", "float32")
    limits = f"last axis up to {_MAX_DEPTH[DType.INT8]} values of int8"
    variants = (
        _to(DType.INT8, "tc_s8_softmax__mve"),
        replace(
            _to(DType.INT8, "tc_s8_softmax__dsp"), levels=frozenset((Level.SPEED, Level.BALANCED))
        ),  # nearly twice the flash
        _to(DType.INT8, "tc_s8_softmax__c"),
        _to(DType.INT16, "tc_s8_softmax_s16__c"),
        called(
            "tc_s16_softmax__c", "tc_s16_softmax", _params_s16, accepts=takes(DType.INT16), overlap=_in_place
        ),
        called(
            "tc_f32_softmax__c",
            "tc_f32_softmax",
            _params_f32,
            accepts=takes(DType.FLOAT32),
            overlap=_in_place,
        ),
    )

    def along(self, view: NodeView, axis: int) -> Along | None:
        return Along(axis) if axis < len(view.output().shape) - 1 else None

    def cut(self, view: NodeView, axis: int, before: int, after: int) -> Attrs | None:
        return view.node.attrs

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        source, target = view.input(0), view.output()
        dtype = _checks.dtypes(view, source, (DType.INT8, DType.INT16, DType.FLOAT32), "the input")
        outputs = (DType.INT8, DType.INT16) if dtype is DType.INT8 else (dtype,)
        _checks.dtypes(view, target, outputs, "the output")
        _checks.full_rank(view, source, 8, 1)
        if not 1 <= source.shape[-1] <= _MAX_DEPTH[dtype]:
            raise refuse(
                view, "size of the last axis", found=source.shape[-1], allowed=f"1 to {_MAX_DEPTH[dtype]}"
            )
        if not math.isfinite(view.attrs(SoftmaxAttrs).beta):
            raise refuse(view, "beta", found=view.attrs(SoftmaxAttrs).beta, allowed="a finite number")
        if dtype is DType.FLOAT32:
            return
        self._check_output(view)
        given = _checks.quantization(view, source)
        if dtype is DType.INT16:
            if _scaling16(view)[1] > _MOST_SHIFT or view.attrs(SoftmaxAttrs).beta < 0.0:
                raise refuse(
                    view, "beta times the input's scale", found=view.attrs(SoftmaxAttrs).beta * given.scale
                )
            return
        beta = view.attrs(SoftmaxAttrs).beta
        if input_scaling(beta, given.scale) <= 1.0:
            told = f"scale {given.scale:.3g}" if beta == 1.0 else f"scale {given.scale:.3g}, beta {beta:g}"
            raise _checks.collapsed(view, "its input", found=told, allowed="scale times beta above 2^-26")

    def _check_output(self, view: NodeView) -> None:
        target, given = _checks.quantization(view, view.output()), view.input(0).dtype
        if view.output().dtype is DType.INT8:
            zero, fits, scale = -128, target.scale == 1 / 256, "1/256"
        else:
            # Near is enough for TFLM, which does not use the scale.
            steps, zero = (32768, 0) if given is DType.INT16 else (65536, -32768)
            near = float(np.float32(0.001) * np.float32(1.0) / np.float32(steps))
            fits, scale = abs(target.scale - 1 / steps) <= near, f"1/{steps}"
        if target.zero_point != zero or not fits:
            raise refuse(
                view,
                "quantization of the output",
                found=f"scale {target.scale}, zero point {target.zero_point}",
                allowed=f"scale {scale}, zero point {zero}",
            )


OPERATOR = Softmax()
