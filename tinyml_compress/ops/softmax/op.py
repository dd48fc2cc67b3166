"""SOFTMAX over the last axis, int8 to int8 or int16."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Call, In, Operator, OptionField, Options, Out, Overlap, Ref, Table, Variant
from tinyml_compress.ops.softmax.exponential import exponential_table, input_scaling

__all__ = ["OPERATOR", "SoftmaxAttrs"]

_MAX_DEPTH = 4095
"""Past it TFLM's Q12.19 sum of exponentials can overflow."""


@dataclass(frozen=True)
class SoftmaxAttrs(Attrs):
    beta: float = 1.0


def _attrs(view: NodeView) -> SoftmaxAttrs:
    assert isinstance(view.attrs, SoftmaxAttrs)
    return view.attrs


def _to(dtype: DType, symbol: str) -> Variant:
    def accepts(view: NodeView) -> bool:
        return view.output().dtype is dtype

    def emit(view: NodeView) -> tuple[Call, ...]:
        source = view.input(0)
        assert source.quant is not None
        table = exponential_table(_attrs(view).beta, source.quant.scale)
        depth = source.shape[-1]
        params = (
            ("rows", source.elements // depth),
            ("depth", depth),
            ("entries", len(table)),
            ("exponentials", Ref("exp")),
        )
        return (Call(symbol, "tc_s8_softmax", params, (In(0), Out()), (Table("exp", "int32_t", table),)),)

    def overlap(view: NodeView) -> tuple[Overlap, ...]:
        return (Overlap(0, 0, 0),) if dtype is DType.INT8 else ()

    return Variant(symbol, accepts, emit, overlap=overlap)


class Softmax(Operator):
    name = "SOFTMAX"
    attrs_type = SoftmaxAttrs
    options = Options("SoftmaxOptions", (OptionField("beta", "beta", float),))
    dtypes = ("int8", "int8 to int16")
    limits = f"last axis up to {_MAX_DEPTH} values"
    variants = (_to(DType.INT8, "tc_s8_softmax__c"), _to(DType.INT16, "tc_s8_softmax_s16__c"))

    def check(self, view: NodeView) -> None:
        _checks.arity(self, view, 1)
        source, target = view.input(0), view.output()
        _checks.dtypes(self, view, source, (DType.INT8,), "the input")
        _checks.dtypes(self, view, target, (DType.INT8, DType.INT16), "the output")
        _checks.full_rank(self, view, source, 8, 1)
        if not 1 <= source.shape[-1] <= _MAX_DEPTH:
            raise self.refuse(view, "size of the last axis", found=source.shape[-1], allowed=f"1 to {_MAX_DEPTH}")
        given, made = _checks.quantization(self, view, source), _checks.quantization(self, view, target)
        if target.dtype is DType.INT8:
            zero, fits, scale = -128, made.scale == 1 / 256, "1/256"
        else:
            # Near 1/65536 is enough for TFLM, which does not use the scale.
            exact = float(np.float32(1 / 65536))
            near = float(np.float32(0.001) * np.float32(1.0) / np.float32(65536))
            zero, fits, scale = -32768, abs(made.scale - exact) <= near, "1/65536"
        if made.zero_point != zero or not fits:
            raise self.refuse(
                view,
                "quantization of the output",
                found=f"scale {made.scale}, zero point {made.zero_point}",
                allowed=f"scale {scale}, zero point {zero}",
            )
        beta = _attrs(view).beta
        if not (math.isfinite(beta) and input_scaling(beta, given.scale) > 1.0):
            raise self.refuse(
                view,
                "beta times the input's scale",
                found=beta * given.scale,
                allowed="above 2^-26",
                next_step="check the calibration data: the input range looks collapsed",
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (view.input(0).shape,)


OPERATOR = Softmax()
