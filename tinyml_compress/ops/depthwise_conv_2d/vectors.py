"""DEPTHWISE_CONV_2D of int8 on vectors of RISC-V: sixteen channels at a time."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._rvv import blocks
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.work import Counts

_TAP, _ROW, _PIXEL = 10, 6, 35
"""Instructions of sixteen channels, before boards have been measured."""


def _counts(view: NodeView) -> Counts:
    window = node.window(view)
    each = _TAP * window.reached + window.pixels * (_ROW * window.kernel_h + _PIXEL)
    return {"cycles": blocks(window.out_c) * each + 60 * window.pixels}


VARIANTS = only(
    ProductForm.S8,
    replace(
        node.TAPS.variant("tc_s8_depthwise_conv_2d_vectors__rvv", node.TAPS.emit_narrow),
        accepts=lambda view: node.groups(view).outputs == 1,
        counts=_counts,
    ),
)
