"""CONV_2D with packed int4 weights, which its kernels unpack as they need them."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._conv import conv_call
from tinyml_compress.ops._forms import ProductForm, bias_values, only, packed_rows, packed_words
from tinyml_compress.ops._products import Ints, conv_multipliers, int32_table
from tinyml_compress.ops.base import Call, Consts, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.conv_2d.block import BYTES, block_emit, depth_pairs, pair_weights
from tinyml_compress.ops.conv_2d.taps import TAPS
from tinyml_compress.ops.work import Counts

_FILTERS = "tc_s8_conv_2d_s4__c"
_BLOCKS = "tc_s8_conv_2d_s4__dsp"


# --- filter by filter in plain C: output stays apart from input, of which every filter reads all ------------


def _emit_filters(view: NodeView) -> tuple[Call, ...]:
    rows = node.rows(view)
    pairs = np.array(conv_multipliers(view, len(rows)), np.int64)
    table = int32_table(bias_values(view, len(pairs)), pairs[:, 0], pairs[:, 1])
    tables = (
        Consts("weights", "int8_t", packed_rows(rows), Role.WEIGHTS),
        Consts("channels", "int32_t", table),
    )
    return (conv_call(view, _FILTERS, node.window(view), node.groups(view), tables, scratch=True),)


def _filter_counts(view: NodeView) -> Counts:
    return {**TAPS.counts(view), "unpacked": view.input(1).elements}


# --- as the blocks of int8; each two channels' weights are unpacked for each block of four pixels -----------


def _packed_pairs(view: NodeView, rows: Ints) -> Consts:
    return Consts("weights", "int8_t", packed_words(pair_weights(rows)), Role.WEIGHTS)


VARIANTS = only(
    ProductForm.S4,
    Variant(_FILTERS, lambda view: True, _emit_filters, scratch=node.depth, counts=_filter_counts),
    Variant(
        _BLOCKS,
        BYTES.accepts,
        block_emit(_BLOCKS, _packed_pairs),
        scratch=lambda view: BYTES.scratch(view) + 4 * depth_pairs(view),
        overlap=BYTES.overlap,
        counts=BYTES.counts,
    ),
)
