"""DEPTHWISE_CONV_2D of int16 on SMLAD, plane by plane."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._conv import conv_attrs
from tinyml_compress.ops._forms import ProductForm, bias_values, only, wide_table
from tinyml_compress.ops._products import clamp_bounds, conv_multipliers
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.depthwise_conv_2d.plane import counts_any, walk_any
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s16_depthwise_conv_2d_plane__dsp"


def _accepts(view: NodeView) -> bool:
    return walk_any(view) is not None and int(np.abs(node.rows(view)).sum(axis=1).max()) < 1 << 16


def _emit(view: NodeView) -> tuple[Call, ...]:
    window, plane, rows = node.window(view), needed(walk_any(view)), node.rows(view)
    taps = rows.reshape(-1, window.kernel_h, window.kernel_w)
    low, high = clamp_bounds(conv_attrs(view).activation, view.output())
    params: tuple[tuple[str, ParamValue], ...] = (
        *node.image_sizes(view),
        *plane.params(),
        ("multiplier", node.groups(view).outputs),
        ("act_min", low),
        ("act_max", high),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    channels = wide_table(bias_values(view, len(rows)), conv_multipliers(view, len(rows)))
    ordered = (taps.transpose(0, 2, 1) if plane.transposed else taps).reshape(-1)
    tables = (
        Consts("weights", "int8_t", ordered.astype(np.int8), Role.WEIGHTS),
        Consts("channels", "int32_t", channels),
    )
    return (Call(_SYMBOL, "tc_s16_depthwise_plane", params, (In(0), Out(), Scratch()), tables),)


def _scratch(view: NodeView) -> int:
    plane = needed(walk_any(view))
    return plane.buffer_bytes + plane.tap_bytes


def _counts(view: NodeView) -> Counts:
    return counts_any(node.window(view), needed(walk_any(view)))


VARIANTS = only(
    ProductForm.S16,
    Variant(_SYMBOL, _accepts, _emit, scratch=_scratch, overlap=node.coincide, counts=_counts),
)
