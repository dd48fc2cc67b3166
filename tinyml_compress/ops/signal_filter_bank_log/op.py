"""SignalFilterBankLog: natural logarithms of the channels, in fixed point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops._unary import in_place
from tinyml_compress.ops.base import FLEXBUFFER, Consts, Options
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_filter_bank_log_params",
        ints("count correction_bits scale"),
        pointers("uint16_t", "bends", note="log2(1 + x) - x at each 128th, 16 bits behind the point"),
    ),
)

_SEGMENTS = 128
_ONE = 1 << 16


@dataclass(frozen=True)
class SignalFilterBankLogAttrs(Attrs):
    correction_bits: int
    scale: int


def _bends() -> Consts:
    """How far log2(1 + x) lies above x at each 128th of [0, 1], in 16 bits behind the point."""
    values = [round((math.log2(1 + i / _SEGMENTS) - i / _SEGMENTS) * _ONE) for i in range(_SEGMENTS + 1)]
    return Consts("bends", "uint16_t", np.array(values, np.uint16))


def _params(view: NodeView) -> Params:
    attrs = view.attrs(SignalFilterBankLogAttrs)
    return (
        ("count", view.input(0).elements),
        ("correction_bits", attrs.correction_bits),
        ("scale", attrs.scale),
        ("bends", _bends()),
    )


class SignalFilterBankLog(SignalOperator):
    name = "SignalFilterBankLog"
    attrs_type = SignalFilterBankLogAttrs
    options = Options(FLEXBUFFER, {"correction_bits": "input_correction_bits", "scale": "output_scale"})
    dtypes = ("uint32",)
    takes = (DType.UINT32,)
    gives = (DType.INT16,)
    variants = (called("tc_u32_filter_bank_log__c", "tc_filter_bank_log_params", _params, overlap=in_place),)

    def check(self, view: NodeView) -> None:
        super().check(view)
        self.bounded(
            view, "input_correction_bits", view.attrs(SignalFilterBankLogAttrs).correction_bits, 0, 31
        )
        self.sized(view, view.output(), view.input(0).elements)


OPERATOR = SignalFilterBankLog()
