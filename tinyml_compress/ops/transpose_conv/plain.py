"""TRANSPOSE_CONV in plain C, an input pixel after the other: one kernel per form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView, Role
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Variant
from tinyml_compress.ops.structs import ints, pointers, struct
from tinyml_compress.ops.transpose_conv.node import (
    BIAS,
    INPUT,
    WEIGHTS,
    TransposeConvAttrs,
    borders,
    multipliers,
)

STRUCTS = (
    struct(
        "tc_transpose_conv_params",
        ints("batches in_height in_width in_depth"),
        ints("height", note="of the window"),
        ints("width out_height out_width out_depth stride_h stride_w pad_h pad_w in_zero_point"),
        ints("zero_point"),
        pointers("int8_t", "weights", note="output channel, row, column, input channel"),
        pointers("int32_t", "channels", note="bias, multiplier, shift of every output channel"),
    ),
    struct(
        "tc_s16_transpose_conv_params",
        ints("batches in_height in_width in_depth"),
        ints("height", note="of the window"),
        ints("width out_height out_width out_depth stride_h stride_w pad_h pad_w"),
        pointers("int8_t", "weights", note="output channel, row, column, input channel"),
        pointers("int64_t", "bias", note="of every output channel"),
        pointers("int32_t", "channels", note="multiplier and shift of every output channel"),
    ),
    struct(
        "tc_f32_transpose_conv_params",
        ints("batches in_height in_width in_depth"),
        ints("height", note="of the window"),
        ints("width out_height out_width out_depth stride_h stride_w pad_h pad_w"),
        pointers("float", "weights", note="output channel, row, column, input channel"),
        pointers("float", "bias", note="of every output channel"),
    ),
)

_Numbers = tuple[tuple[tuple[str, int], ...], tuple[Consts, ...]]
"""Fields between the geometry and the tables, and the tables."""


def _variant(dtype: DType, symbol: str, struct: str, numbers: Callable[[NodeView], _Numbers]) -> Variant:
    def emit(view: NodeView) -> tuple[Call, ...]:
        fields, tables = numbers(view)
        params: tuple[tuple[str, ParamValue], ...] = (
            *_geometry(view),
            *fields,
            *((table.name, Ref(table.name)) for table in tables),
        )
        return (Call(symbol, struct, params, (In(INPUT), Out()), tables),)

    return Variant(symbol, lambda view: view.input(INPUT).dtype is dtype, emit)


def _geometry(view: NodeView) -> tuple[tuple[str, int], ...]:
    attrs, source, target = view.attrs(TransposeConvAttrs), view.input(INPUT), view.output()
    channels, height, width, depth = view.input(WEIGHTS).shape
    return (
        ("batches", source.shape[0]),
        ("in_height", source.shape[1]),
        ("in_width", source.shape[2]),
        ("in_depth", depth),
        ("height", height),
        ("width", width),
        ("out_height", target.shape[1]),
        ("out_width", target.shape[2]),
        ("out_depth", channels),
        ("stride_h", attrs.stride_h),
        ("stride_w", attrs.stride_w),
        *zip(("pad_h", "pad_w"), borders(view), strict=True),
    )


def _offsets(view: NodeView) -> npt.NDArray[np.generic]:
    """The bias, zeros where there is none."""
    bias = view.optional_input(BIAS)
    if bias is None or bias.data is None:
        return np.zeros(view.input(WEIGHTS).shape[0])
    return bias.data.reshape(-1)


def _stored(view: NodeView) -> Consts:
    return Consts("weights", "int8_t", np.asarray(view.input(WEIGHTS).constant, np.int8), Role.WEIGHTS)


def _s8(view: NodeView) -> _Numbers:
    zeros = (
        ("in_zero_point", view.quant(INPUT).zero_point),
        ("zero_point", view.output_quant().zero_point),
    )
    rows = np.column_stack([_offsets(view).astype(np.int64), np.array(multipliers(view), np.int64)])
    return zeros, (_stored(view), Consts("channels", "int32_t", rows.astype(np.int32), Role.WEIGHTS))


def _s16(view: NodeView) -> _Numbers:
    scaling = np.array(multipliers(view), np.int64).astype(np.int32)
    return (), (
        _stored(view),
        Consts("bias", "int64_t", _offsets(view).astype(np.int64), Role.WEIGHTS, align=8),
        Consts("channels", "int32_t", scaling, Role.WEIGHTS),
    )


def _f32(view: NodeView) -> _Numbers:
    weights = np.asarray(view.input(WEIGHTS).constant, np.float32)
    return (), (
        Consts("weights", "float", weights, Role.WEIGHTS),
        Consts("bias", "float", _offsets(view).astype(np.float32), Role.WEIGHTS),
    )


VARIANTS = (
    _variant(DType.INT8, "tc_s8_transpose_conv__c", "tc_transpose_conv_params", _s8),
    _variant(DType.INT16, "tc_s16_transpose_conv__c", "tc_s16_transpose_conv_params", _s16),
    _variant(DType.FLOAT32, "tc_f32_transpose_conv__c", "tc_f32_transpose_conv_params", _f32),
)
