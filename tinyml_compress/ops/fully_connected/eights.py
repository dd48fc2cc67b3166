"""FULLY_CONNECTED of int8 on Helium: eight outputs at a time."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._mve import shifts_right, stream_bytes, tables, vectors
from tinyml_compress.ops.base import Call, In, Out, Scratch, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_fully_connected_eights__mve"


def _emit(view: NodeView) -> tuple[Call, ...]:
    constants = tables(node.channels(view), node.rows(view), together=8)
    return (node.call(view, _SYMBOL, constants, (In(0), Out(), Scratch())),)


def _scratch(view: NodeView) -> int:
    """The inputs in whole vectors, where these are not whole already."""
    in_c = view.input(1).shape[1]
    return 16 * vectors(in_c) if in_c % 16 else 0


def _counts(view: NodeView) -> Counts:
    batch, (out_c, in_c) = node.batch(view), view.input(1).shape
    eights = batch * ((out_c + 7) // 8)
    return {
        "steps": eights * vectors(in_c),
        "eights": eights,
        "vectors": batch * vectors(in_c),
        "rows": batch,
    }


VARIANTS = only(
    ProductForm.S8,
    Variant(
        _SYMBOL,
        lambda view: shifts_right(node.channels(view)),
        _emit,
        scratch=_scratch,
        counts=_counts,
        weight_bytes=lambda view: stream_bytes(*view.input(1).shape),
    ),
)
