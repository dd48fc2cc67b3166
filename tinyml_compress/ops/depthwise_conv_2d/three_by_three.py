"""DEPTHWISE_CONV_2D of 3x3 in plain C: plane by plane, a channel's lines gathered as bytes."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._conv import conv_attrs
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import finish_bounds, int32_table, wrap32
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.depthwise_conv_2d.walk import MAX_SCRATCH, Plane, planes
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_depthwise_conv_2d_3x3__c"


def _walk(view: NodeView) -> Plane | None:
    """The walk of the plain 3x3 kernel, or None where it does not take the node."""
    window = node.window(view)
    if (window.kernel_h, window.kernel_w) != (3, 3) or window.out_c != window.in_c:
        return None
    fitting = [
        plane
        for plane in planes(window, 1)
        if plane.inner.dilation == plane.outer.dilation == 1 and plane.buffer_bytes <= MAX_SCRATCH
    ]
    return min(fitting, key=lambda plane: plane.outer.size_out, default=None)


def _accepts(view: NodeView) -> bool:
    return _walk(view) is not None


def _emit(view: NodeView) -> tuple[Call, ...]:
    plane, channels, rows = needed(_walk(view)), node.channels(view), node.rows(view)
    taps = rows.reshape(-1, 3, 3)
    params: tuple[tuple[str, ParamValue], ...] = (
        *node.image_sizes(view),
        *plane.params(),
        ("in_zero", view.quant(0).zero_point),
        *finish_bounds(conv_attrs(view).activation, view.output()),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    ordered = (taps.transpose(0, 2, 1) if plane.transposed else taps).reshape(-1)
    bias = wrap32(channels.bias - 128 * rows.sum(axis=1))
    tables = (
        Consts("weights", "int8_t", ordered.astype(np.int8), Role.WEIGHTS),
        Consts("channels", "int32_t", int32_table(bias, channels.multiplier, channels.shift)),
    )
    return (Call(_SYMBOL, "tc_s8_depthwise_bytes", params, (In(0), Out(), Scratch()), tables),)


def _scratch(view: NodeView) -> int:
    plane = needed(_walk(view))
    return plane.lines * plane.pitch


def _counts(view: NodeView) -> Counts:
    plane, planes = needed(_walk(view)), node.window(view).batch * node.window(view).in_c
    return {
        "gathered": planes * plane.gathered,
        "input lines": planes * plane.outer.size_in,
        "outputs": view.output().elements,
        "lines": planes * plane.outer.size_out,
        "planes": planes,
    }


VARIANTS = only(
    ProductForm.S8,
    Variant(_SYMBOL, _accepts, _emit, scratch=_scratch, overlap=node.coincide, counts=_counts),
)
