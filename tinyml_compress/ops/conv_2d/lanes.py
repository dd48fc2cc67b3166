"""CONV_2D of int8 on vectors of RISC-V: four windows by sixteen output channels."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops import _rvv
from tinyml_compress.ops._conv import conv_call
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops.base import Call, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_conv_2d_lanes__rvv"


def _emit(view: NodeView) -> tuple[Call, ...]:
    tables = _rvv.tables(node.channels(view), node.rows(view))
    return (conv_call(view, _SYMBOL, node.window(view), node.groups(view), tables, scratch=True),)


def _is_in_place(view: NodeView) -> bool:
    return node.window(view).pointwise and node.depth(view) % 2 == 0


def _scratch(view: NodeView) -> int:
    """Four windows."""
    return 0 if _is_in_place(view) else 8 * _rvv.pairs(node.depth(view))


def _counts(view: NodeView) -> Counts:
    window, depth = node.window(view), node.depth(view)
    copied = 0 if _is_in_place(view) else window.pixels
    counts = _rvv.counts(window.pixels, window.out_c, depth)
    copies = {"copied windows": 1, "copied taps": window.taps, "copied bytes": depth}
    return {**counts, **{name: copied * times for name, times in copies.items()}}


VARIANTS = only(
    ProductForm.S8,
    Variant(
        _SYMBOL,
        lambda view: node.is_ungrouped(view) and _rvv.takes(node.rows(view)),
        _emit,
        scratch=_scratch,
        counts=_counts,
        weight_bytes=lambda view: _rvv.weight_bytes(view.input(1).shape[0], node.depth(view)),
    ),
)
