"""DEPTHWISE_CONV_2D on SMLAD: plane by plane, a channel's lines gathered as pairs of values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._conv import is_relu
from tinyml_compress.ops._forms import ProductForm, only, packed_rows
from tinyml_compress.ops._products import live_rows, packed_table
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.depthwise_conv_2d.walk import MAX_SCRATCH, Plane, planes

Walk = Callable[[NodeView], Plane | None]


def _walk_3x3(stride: int) -> Walk:
    """The walk of a 3x3 kernel with the least waste, or None where it does not take the node."""

    def walk(view: NodeView) -> Plane | None:
        window = node.window(view)
        if (window.kernel_h, window.kernel_w) != (3, 3) or window.out_c != window.in_c:
            return None
        fitting = [
            plane
            for plane in planes(window, 4 if stride == 1 else 2)
            if plane.inner.stride == stride
            and plane.inner.dilation == plane.outer.dilation == 1
            and plane.buffer_bytes <= MAX_SCRATCH
        ]
        return min(fitting, key=_cost_3x3, default=None)

    return walk


def _walk_relu(view: NodeView) -> Plane | None:
    return _walk_3x3(1)(view) if is_relu(view) else None


def _cost_3x3(plane: Plane) -> float:
    gather = plane.outer.size_in * (3.0 * plane.inner.size_in + 10.0)
    each, block = (4, 76.0) if plane.inner.stride == 1 else (2, 44.0)
    return gather + plane.outer.size_out * (block * -(-plane.inner.size_out // each) + 35.0) + 60.0


def walk_any(view: NodeView) -> Plane | None:
    """The walk of the general plane kernel, or None where it does not take the node."""
    fitting = [
        plane
        for plane in planes(node.window(view), 1)
        if plane.inner.dilation == 1 and plane.buffer_bytes + plane.tap_bytes <= MAX_SCRATCH
    ]
    return min(fitting, key=cost_any, default=None)


def cost_any(plane: Plane) -> float:
    gather = plane.outer.size_in * (3.0 * plane.inner.size_in + 10.0)
    window = plane.outer.kernel * (8.0 * ((plane.inner.kernel + 1) // 2) + 5.0) + 20.0
    return gather + plane.outer.size_out * plane.inner.size_out * window


def plane_variant(
    symbol: str, walk: Walk, cost: Callable[[Plane], float], taps: bool, four: bool = False
) -> Variant:
    """A kernel that goes as `walk` says at that `cost`; with scratch for `taps`, or `four` bits a weight."""

    def accepts(view: NodeView) -> bool:
        return walk(view) is not None and node.fast(view) is not None

    def chosen(view: NodeView) -> Plane:
        return needed(walk(view))

    def emit(view: NodeView) -> tuple[Call, ...]:
        window, plane, fast = node.window(view), chosen(view), needed(node.fast(view))
        packed = packed_table(fast)
        rows = live_rows(node.channels(view), node.rows(view)).reshape(-1, window.kernel_h, window.kernel_w)
        if plane.transposed:
            rows = rows.transpose(0, 2, 1)
        ordered = packed_rows(rows.reshape(len(rows), -1)) if four else rows.reshape(-1).astype(np.int8)
        params: tuple[tuple[str, ParamValue], ...] = (
            *node.image_sizes(view),
            *plane.params(),
            ("multiplier", node.groups(view).outputs),
            ("planes", plane.buffers(window.in_c)),
            ("out_zero", view.output_quant().zero_point),
            ("packed", packed is not None),
            ("in_zero", view.quant(0).zero_point),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
        )
        tables = (
            Consts("weights", "int8_t", ordered, Role.WEIGHTS),
            Consts("channels", "int32_t", fast if packed is None else packed),
        )
        return (Call(symbol, "tc_s8_depthwise_plane", params, (In(0), Out(), Scratch()), tables),)

    def scratch(view: NodeView) -> int:
        plane = chosen(view)
        buffers = plane.buffers(view.input(0).shape[3])
        return plane.buffer_bytes * buffers + (plane.tap_bytes if taps else 0)

    def cycles(view: NodeView) -> float:
        return node.window(view).batch * node.window(view).out_c * cost(chosen(view))

    return Variant(symbol, accepts, emit, scratch=scratch, overlap=node.coincide, cycles=cycles)


VARIANTS = only(
    ProductForm.S8,
    plane_variant("tc_s8_depthwise_conv_2d_3x3_relu__dsp", _walk_relu, _cost_3x3, False),
    plane_variant("tc_s8_depthwise_conv_2d_3x3__dsp", _walk_3x3(1), _cost_3x3, False),
    plane_variant("tc_s8_depthwise_conv_2d_3x3s2__dsp", _walk_3x3(2), _cost_3x3, False),
    plane_variant("tc_s8_depthwise_conv_2d_plane__dsp", walk_any, cost_any, True),
)
