"""FULLY_CONNECTED with packed int4 weights, which its kernels unpack as they need them."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._forms import ProductForm, only, packed_rows, packed_words
from tinyml_compress.ops._products import live_rows
from tinyml_compress.ops.base import Call, Consts, In, Out, Scratch, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.fully_connected.plain import narrow_channels, plain_variant

_SYMBOL = "tc_s8_fully_connected_s4__dsp"


def _accepts(view: NodeView) -> bool:
    return node.has_fast(view) and int(node.channels(view).peak.max()) < 1 << 27


def _emit(view: NodeView) -> tuple[Call, ...]:
    rows = live_rows(node.channels(view), node.rows(view)).astype(np.int8)
    tables = (
        Consts("weights", "int8_t", np.concatenate([packed_words(row) for row in rows]), Role.WEIGHTS),
        Consts("channels", "int32_t", needed(node.fast(view))),
    )
    return (node.call(view, _SYMBOL, tables, (In(0), Out(), Scratch())),)


def _scratch(view: NodeView) -> int:
    return 16 * ((view.input(1).shape[1] + 7) // 8)


VARIANTS = only(
    ProductForm.S4,
    plain_variant("tc_s8_fully_connected_s4__c", narrow_channels, lambda view: packed_rows(node.rows(view))),
    Variant(_SYMBOL, _accepts, _emit, scratch=_scratch, counts=node.counts),
)
