"""FULLY_CONNECTED of int8 on vectors of RISC-V: sixteen outputs at a time."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops import _rvv
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops.base import Call, In, Out, Scratch, Variant
from tinyml_compress.ops.fully_connected import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_fully_connected_lanes__rvv"


def _emit(view: NodeView) -> tuple[Call, ...]:
    tables = _rvv.tables(node.channels(view), node.rows(view))
    return (node.call(view, _SYMBOL, tables, (In(0), Out(), Scratch())),)


def _scratch(view: NodeView) -> int:
    """The inputs and one more, where their number is odd."""
    in_c = view.input(1).shape[1]
    return in_c + 1 if in_c % 2 else 0


def _counts(view: NodeView) -> Counts:
    out_c, in_c = view.input(1).shape
    rows = node.batch(view)
    return {name: rows * times for name, times in _rvv.counts(1, out_c, in_c).items()}


VARIANTS = only(
    ProductForm.S8,
    Variant(
        _SYMBOL,
        lambda view: _rvv.takes(node.rows(view)),
        _emit,
        scratch=_scratch,
        counts=_counts,
        weight_bytes=lambda view: _rvv.weight_bytes(*view.input(1).shape),
    ),
)
