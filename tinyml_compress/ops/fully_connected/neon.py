"""FULLY_CONNECTED of int8 with vectors of AArch64: four rows of inputs by four outputs."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._neon import spare_rows, suits, tables, tile_counts, weight_bytes
from tinyml_compress.ops.base import Call, In, Out, Scratch, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_fully_connected_rows__neon"


def _emit(view: NodeView) -> tuple[Call, ...]:
    constants = tables(node.channels(view), node.rows(view))
    return (node.call(view, _SYMBOL, constants, (In(0), Out(), Scratch())),)


def _scratch(view: NodeView) -> int:
    """Four rows of inputs, where whole steps may end behind them."""
    in_c = view.input(1).shape[1]
    return spare_rows(in_c) if in_c % 8 else 0


def _counts(view: NodeView) -> Counts:
    return tile_counts(node.batch(view), *view.input(1).shape)


VARIANTS = only(
    ProductForm.S8,
    Variant(
        _SYMBOL,
        lambda view: suits(node.channels(view), node.rows(view)),
        _emit,
        scratch=_scratch,
        counts=_counts,
        weight_bytes=lambda view: weight_bytes(*view.input(1).shape),
    ),
)
