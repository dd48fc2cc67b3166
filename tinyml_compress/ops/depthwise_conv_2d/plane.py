"""DEPTHWISE_CONV_2D on SMLAD: plane by plane, a channel's lines gathered as pairs of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._conv import is_relu
from tinyml_compress.ops._forms import ProductForm, only, packed_rows
from tinyml_compress.ops._products import Sliding, live_channels, live_rows, packed_table
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.depthwise_conv_2d.walk import MAX_SCRATCH, Plane, planes
from tinyml_compress.ops.work import Counts, work

_THREE = "tc_s8_depthwise_conv_2d_3x3"
_THREE_BY_TWO = "tc_s8_depthwise_conv_2d_3x3s2"
_ANY = "tc_s8_depthwise_conv_2d_plane__dsp"
Walk = Callable[[NodeView], Plane | None]
PlaneCounts = Callable[[Sliding, Plane], Counts]


def _shortest(symbol: str, counts: PlaneCounts, window: Sliding, fitting: Sequence[Plane]) -> Plane | None:
    """The walk with the fewest instructions: the same on every core."""
    return min(fitting, key=lambda plane: work(symbol, counts(window, plane)).instructions, default=None)


def _walk_3x3(symbol: str, stride: int) -> Walk:
    """The walk of the 3x3 kernels with the least waste, or None where they do not take the node."""

    def walk(view: NodeView) -> Plane | None:
        window = node.window(view)
        if (window.kernel_h, window.kernel_w) != (3, 3) or window.out_c != window.in_c:
            return None
        fitting = [
            banded
            for plane in planes(window, 4 if stride == 1 else 2)
            if plane.inner.stride == stride and plane.inner.dilation == plane.outer.dilation == 1
            if (banded := plane.in_bands(window.in_c)).buffer_bytes <= MAX_SCRATCH
        ]
        return min(
            fitting, key=lambda plane: work(symbol, _counts_3x3(window, plane)).instructions, default=None
        )

    return walk


def _gathered(window: Sliding, plane: Plane) -> Counts:
    planes, at_once = window.batch * window.in_c, plane.buffers(window.in_c)
    lines = plane.outer.size_in * planes / at_once
    return {
        "fours" if at_once == 4 else "gathered": lines * plane.inner.size_in,
        "input lines": lines,
        "planes": window.batch * window.out_c,
    }


def _counts_3x3(window: Sliding, plane: Plane, relu: bool = False) -> Counts:
    lines = plane.outer.size_out * window.batch * window.out_c
    blocks = lines * -(-plane.inner.size_out // (4 if plane.inner.stride == 1 else 2))
    return {
        **_gathered(window, plane),
        "blocks": blocks,
        "clamps": 0 if relu else blocks,
        "lines": lines,
        "bands": window.batch * window.out_c * (plane.bands - 1),
    }


def _relu_counts(window: Sliding, plane: Plane) -> Counts:
    return _counts_3x3(window, plane, relu=True)


_SHIFT = 11
"""TC_DEPTHWISE_SHIFT of tc_depthwise_3x3.h."""


def _behind_relu(walk: Walk) -> Walk:
    """Where weights scaled by two to the power of this less the channel's shift, and doubled, stay within 16
    bits, and sums within 32.
    """

    def scaled(view: NodeView) -> Plane | None:
        fast = node.fast(view)
        if not is_relu(view) or fast is None:
            return None
        channels = node.channels(view)
        live, shift = live_channels(channels), fast[3::4].astype(np.int64)
        more = np.where(live, _SHIFT - shift, 1)
        fits = (more >= 1) & (more < 8) & ((channels.peak << np.clip(more, 0, 8) + 1) < 1 << 31)
        return walk(view) if fits[live].all() else None

    return scaled


def walk_any(view: NodeView) -> Plane | None:
    """The walk of the general plane kernel, or None where it does not take the node."""
    window = node.window(view)
    fitting = [
        plane
        for plane in planes(window, 1)
        if plane.inner.dilation == 1 and plane.buffer_bytes + plane.tap_bytes <= MAX_SCRATCH
    ]
    return _shortest(_ANY, counts_any, window, fitting)


def counts_any(window: Sliding, plane: Plane) -> Counts:
    outputs = window.batch * window.out_c * plane.outer.size_out * plane.inner.size_out
    rows = outputs * plane.outer.kernel
    return {
        **_gathered(window, plane),
        "taps": rows * ((plane.inner.kernel + 1) // 2),
        "rows": rows,
        "outputs": outputs,
    }


def plane_variant(symbol: str, walk: Walk, counts: PlaneCounts, taps: bool, four: bool = False) -> Variant:
    """A kernel that goes as `walk` says; with scratch for `taps`, or `four` bits a weight."""

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
            ("band", plane.band),
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

    return Variant(
        symbol,
        accepts,
        emit,
        scratch=scratch,
        overlap=node.coincide,
        counts=lambda view: counts(node.window(view), chosen(view)),
    )


def _three_by_three(stem: str, stride: int, banded: bool, relu: bool) -> Variant:
    any_bounds = _walk_3x3(f"{stem}__dsp", stride)
    walk_here = _behind_relu(any_bounds) if relu else any_bounds

    def walk(view: NodeView) -> Plane | None:
        plane = walk_here(view)
        return plane if plane is not None and (plane.bands > 1) == banded else None

    symbol = f"{stem}{'_bands' * banded}{'_relu' * relu}__dsp"
    return plane_variant(symbol, walk, _relu_counts if relu else _counts_3x3, False)


VARIANTS = only(
    ProductForm.S8,
    *(
        _three_by_three(stem, stride, banded, relu)
        for stride, stem in ((1, _THREE), (2, _THREE_BY_TWO))
        for banded in (False, True)
        for relu in (True, False)
    ),
    plane_variant(_ANY, walk_any, counts_any, True),
)
