"""Kernels of CONV_2D for packed int4 weights, which they unpack as they need them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._conv import Groups, conv_call
from tinyml_compress.ops._forms import bias_values, packed_rows
from tinyml_compress.ops._products import Ints, Sliding, conv_multipliers, int32_table
from tinyml_compress.ops.base import Call, Role, Table, Variant

__all__ = ["FOUR_BITS", "filters", "words"]

FOUR_BITS = "tc_s8_conv_2d_s4__dsp"
_C = "tc_s8_conv_2d_s4__c"


def filters(
    rows: Callable[[NodeView], Ints],
    window: Callable[[NodeView], Sliding],
    groups: Callable[[NodeView], Groups],
) -> Variant:
    """Filter by filter in plain C: any node. Output stays apart from input: every filter reads all of it."""

    def emit(view: NodeView) -> tuple[Call, ...]:
        pairs = np.array(conv_multipliers(view, len(rows(view))), np.int64)
        table = int32_table(bias_values(view, len(pairs)), pairs[:, 0], pairs[:, 1])
        tables = (
            Table("weights", "int8_t", packed_rows(rows(view)), Role.WEIGHTS),
            Table("channels", "int32_t", table),
        )
        return (conv_call(view, _C, window(view), groups(view), tables, scratch=True),)

    def cycles(view: NodeView) -> float:
        weights, pixels = view.input(1), view.output().elements
        macs = pixels * (weights.elements // weights.shape[0])
        return 9.0 * macs + 60.0 * pixels + 6.0 * weights.elements

    return Variant(_C, lambda view: True, emit, scratch=lambda view: rows(view).shape[1], cycles=cycles)


def words(
    whole: Variant,
    emit: Callable[[NodeView], tuple[Call, ...]],
    depth_pairs: Callable[[NodeView], int],
    pixels: Callable[[NodeView], int],
) -> Variant:
    """As the DSP kernel `whole` of int8; each two channels' weights are unpacked for each block of four
    pixels.
    """

    def cycles(view: NodeView) -> float:
        blocks, pairs = (pixels(view) + 3) // 4, (view.output().shape[3] + 1) // 2
        return whole.cycles(view) + blocks * pairs * (9.0 * depth_pairs(view) + 60.0)

    return Variant(
        FOUR_BITS,
        whole.accepts,
        emit,
        scratch=lambda view: whole.scratch(view) + 4 * depth_pairs(view),
        overlap=whole.overlap,
        cycles=cycles,
    )
