"""DEPTHWISE_CONV_2D of int8 on vectors of RISC-V: sixteen channels at a time."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._rvv import blocks
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.work import Counts


def _counts(view: NodeView) -> Counts:
    """Of sixteen channels each, and of pixels."""
    window = node.window(view)
    each, pixels = blocks(window.out_c), window.pixels
    rows = each * pixels * window.kernel_h
    return {"taps": each * window.reached, "rows": rows, "outputs": each * pixels, "pixels": pixels}


VARIANTS = only(
    ProductForm.S8,
    replace(
        node.TAPS.variant("tc_s8_depthwise_conv_2d_vectors__rvv", node.TAPS.emit_narrow),
        accepts=lambda view: node.groups(view).outputs == 1,
        counts=_counts,
    ),
)
