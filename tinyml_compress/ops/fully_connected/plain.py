"""FULLY_CONNECTED in plain C: output by output, which takes every node of its form and the file's weights, or
by eights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._forms import ProductForm, bias_values, float_params, float_tables, only, wide_table
from tinyml_compress.ops._halves import halves, takes
from tinyml_compress.ops._products import int32_table, weight_values
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.work import Counts


def plain_variant(
    symbol: str,
    channels: Callable[[NodeView], npt.NDArray[np.int32]],
    weights: Callable[[NodeView], npt.NDArray[np.int8]] = weight_values,
) -> Variant:
    """A kernel that goes output by output, with those tables."""

    def emit(view: NodeView) -> tuple[Call, ...]:
        tables = (
            Consts("weights", "int8_t", weights(view), Role.WEIGHTS),
            Consts("channels", "int32_t", channels(view)),
        )
        return (node.call(view, symbol, tables),)

    return Variant(symbol, lambda view: True, emit, counts=node.counts)


def narrow_channels(view: NodeView) -> npt.NDArray[np.int32]:
    channels = node.channels(view)
    return int32_table(channels.bias, channels.multiplier, channels.shift)


def _wide_channels(view: NodeView) -> npt.NDArray[np.int32]:
    return wide_table(bias_values(view, view.input(1).shape[0]), node.row_multipliers(view))


def _s16_narrow_channels(view: NodeView) -> npt.NDArray[np.int32]:
    pairs = np.array(node.row_multipliers(view), np.int64)
    return int32_table(bias_values(view, len(pairs)), pairs[:, 0], pairs[:, 1])


_F32 = "tc_f32_fully_connected__c"


def _emit_f32(view: NodeView) -> tuple[Call, ...]:
    params: tuple[tuple[str, ParamValue], ...] = (
        *node.sizes(view),
        *float_params(node.activation(view)),
        ("weights", Ref("weights")),
        ("bias", Ref("bias")),
    )
    tables = float_tables(view, view.input(1).shape[0])
    return (Call(_F32, "tc_f32_fully_connected", params, (In(0), Out()), tables),)


def _halves_counts(view: NodeView) -> Counts:
    return {**node.counts(view), "inputs": view.input(0).elements}


_HALVES = replace(
    plain_variant(
        "tc_s8_fully_connected_halves__c",
        narrow_channels,
        lambda view: halves(node.rows(view)).view(np.int8),
    ),
    accepts=lambda view: takes(node.rows(view)),
    counts=_halves_counts,
    code_bytes=500,
)

VARIANTS = (
    *only(ProductForm.S16, plain_variant("tc_s16_fully_connected__c", _wide_channels)),
    *only(ProductForm.S16_NARROW, plain_variant("tc_s16_fully_connected_narrow__c", _s16_narrow_channels)),
    *only(ProductForm.F32, Variant(_F32, lambda view: True, _emit_f32, counts=node.counts)),
    *only(ProductForm.S8, plain_variant("tc_s8_fully_connected__c", narrow_channels), _HALVES),
)
