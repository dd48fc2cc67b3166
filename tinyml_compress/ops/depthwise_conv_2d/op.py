"""DEPTHWISE_CONV_2D with any channel multiplier: int8 and the forms of `_forms`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, needed
from tinyml_compress.ops._conv import (
    ConvAttrs,
    ConvOperator,
    Groups,
    Taps,
    check_conv,
    check_conv_numbers,
    conv_attrs,
    conv_fields,
    conv_window,
)
from tinyml_compress.ops._forms import Form, bias_values, form_of, only, packed_rows, wide_table
from tinyml_compress.ops._products import (
    Channels,
    Ints,
    Sliding,
    clamp_bounds,
    conv_multipliers,
    fast_table,
    finish_bounds,
    int32_table,
    live_rows,
    packed_table,
    requant_channels,
    weight_values,
    wrap32,
)
from tinyml_compress.ops.base import (
    Call,
    In,
    OptionField,
    Options,
    Out,
    Overlap,
    ParamValue,
    Ref,
    Role,
    Scratch,
    Table,
    Variant,
    refuse,
)
from tinyml_compress.ops.depthwise_conv_2d.plane import MAX_SCRATCH, Plane, planes
from tinyml_compress.ops.traits import Scales, Weights

__all__ = ["OPERATOR", "DepthwiseConv2DAttrs"]

_BYTES = "tc_s8_depthwise_conv_2d_3x3__c"
Walk = Callable[[NodeView], Plane | None]


@dataclass(frozen=True)
class DepthwiseConv2DAttrs(ConvAttrs):
    """Attributes of DEPTHWISE_CONV_2D."""

    depth_multiplier: int = 1


def _window(view: NodeView) -> Sliding:
    return conv_window(view, view.input(1).shape[3])


def _groups(view: NodeView) -> Groups:
    return Groups(1, view.input(1).shape[3] // view.input(0).shape[3])


def _rows(view: NodeView) -> Ints:
    """Weights as one row of taps per output channel."""
    return weight_values(view).reshape(-1, view.input(1).shape[3]).T.astype(np.int64)


def _channels(view: NodeView) -> Channels:
    rows = _rows(view)
    return requant_channels(view, rows, conv_multipliers(view, len(rows)))


# --- 3x3 plane by plane in plain C --------------------------------------------------------------------------


def _walk_bytes(view: NodeView) -> Plane | None:
    """The walk of the plain 3x3 kernel, or None where it does not take the node."""
    window = _window(view)
    if (window.kernel_h, window.kernel_w) != (3, 3) or window.out_c != window.in_c:
        return None
    fitting = [
        plane
        for plane in planes(window, 1)
        if plane.inner.dilation == plane.outer.dilation == 1 and plane.buffer_bytes <= MAX_SCRATCH
    ]
    return min(fitting, key=lambda plane: plane.outer.size_out, default=None)


def _accepts_bytes(view: NodeView) -> bool:
    return _walk_bytes(view) is not None


def _emit_bytes(view: NodeView) -> tuple[Call, ...]:
    plane, channels, rows = needed(_walk_bytes(view)), _channels(view), _rows(view)
    quant = view.quant(0)
    taps = rows.reshape(-1, 3, 3)
    params: tuple[tuple[str, ParamValue], ...] = (
        *_image_sizes(view),
        *plane.params(),
        ("in_zero", quant.zero_point),
        *finish_bounds(conv_attrs(view).activation, view.output()),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    ordered = (taps.transpose(0, 2, 1) if plane.transposed else taps).reshape(-1)
    bias = wrap32(channels.bias - 128 * rows.sum(axis=1))
    tables = (
        Table("weights", "int8_t", ordered.astype(np.int8), Role.WEIGHTS),
        Table("channels", "int32_t", int32_table(bias, channels.multiplier, channels.shift)),
    )
    return (Call(_BYTES, "tc_s8_depthwise_bytes", params, (In(0), Out(), Scratch()), tables),)


def _out_zero(view: NodeView) -> int:
    quant = view.output_quant()
    return quant.zero_point


def _image_sizes(view: NodeView) -> tuple[tuple[str, int], ...]:
    window = _window(view)
    return (
        ("batch", window.batch),
        ("in_c", window.in_c),
        ("in_bytes", window.in_h * window.in_w * window.in_c),
        ("out_bytes", window.out_h * window.out_w * window.out_c),
    )


def _bytes_scratch(view: NodeView) -> int:
    plane = needed(_walk_bytes(view))
    return plane.lines * plane.pitch


def _coincide(view: NodeView) -> tuple[Overlap, ...]:
    """Output exactly over input: a channel's output bytes then lie on its own input bytes, all
    read before.
    """
    window = _window(view)
    fits = window.out_c == window.in_c and window.out_h * window.out_w <= window.in_h * window.in_w
    return (Overlap(0, 0, exact=True),) if fits else ()


def _bytes_cycles(view: NodeView) -> float:
    return 8.0 * view.input(0).elements + 60.0 * view.output().elements


# --- plane by plane on SMLAD --------------------------------------------------------------------------------


def _fast(view: NodeView) -> npt.NDArray[np.int32] | None:
    return fast_table(view, _channels(view), conv_attrs(view).activation)


def _walk_3x3(stride: int) -> Walk:
    """The walk of a 3x3 kernel with the least waste, or None where it does not take the node."""

    def walk(view: NodeView) -> Plane | None:
        window = _window(view)
        if (window.kernel_h, window.kernel_w) != (3, 3) or window.out_c != window.in_c:
            return None
        fitting = [
            plane
            for plane in planes(window, 2)
            if plane.inner.stride == stride
            and plane.inner.dilation == plane.outer.dilation == 1
            and plane.buffer_bytes <= MAX_SCRATCH
        ]
        return min(fitting, key=_cost_3x3, default=None)

    return walk


def _cost_3x3(plane: Plane) -> float:
    gather = plane.outer.size_in * (3.0 * plane.inner.size_in + 10.0)
    return gather + plane.outer.size_out * (44.0 * ((plane.inner.size_out + 1) // 2) + 12.0) + 60.0


def _walk_any(view: NodeView) -> Plane | None:
    """The walk of the general plane kernel, or None where it does not take the node."""
    fitting = [
        plane
        for plane in planes(_window(view), 1)
        if plane.inner.dilation == 1 and plane.buffer_bytes + plane.tap_bytes <= MAX_SCRATCH
    ]
    return min(fitting, key=_cost_any, default=None)


def _cost_any(plane: Plane) -> float:
    gather = plane.outer.size_in * (3.0 * plane.inner.size_in + 10.0)
    window = plane.outer.kernel * (8.0 * ((plane.inner.kernel + 1) // 2) + 5.0) + 20.0
    return gather + plane.outer.size_out * plane.inner.size_out * window


def _plane_variant(
    symbol: str, walk: Walk, cost: Callable[[Plane], float], taps: bool, four: bool = False
) -> Variant:
    def accepts(view: NodeView) -> bool:
        return walk(view) is not None and _fast(view) is not None

    def chosen(view: NodeView) -> Plane:
        return needed(walk(view))

    def emit(view: NodeView) -> tuple[Call, ...]:
        window, plane, channels, fast = _window(view), chosen(view), _channels(view), needed(_fast(view))
        quant = view.quant(0)
        packed = packed_table(fast)
        rows = live_rows(channels, _rows(view)).reshape(-1, window.kernel_h, window.kernel_w)
        if plane.transposed:
            rows = rows.transpose(0, 2, 1)
        ordered = packed_rows(rows.reshape(len(rows), -1)) if four else rows.reshape(-1).astype(np.int8)
        params: tuple[tuple[str, ParamValue], ...] = (
            *_image_sizes(view),
            *plane.params(),
            ("multiplier", _groups(view).outputs),
            ("planes", plane.buffers(window.in_c)),
            ("out_zero", _out_zero(view)),
            ("packed", packed is not None),
            ("in_zero", quant.zero_point),
            ("weights", Ref("weights")),
            ("channels", Ref("channels")),
        )
        tables = (
            Table("weights", "int8_t", ordered, Role.WEIGHTS),
            Table("channels", "int32_t", fast if packed is None else packed),
        )
        return (Call(symbol, "tc_s8_depthwise_plane", params, (In(0), Out(), Scratch()), tables),)

    def scratch(view: NodeView) -> int:
        plane = chosen(view)
        buffers = plane.buffers(view.input(0).shape[3])
        return plane.buffer_bytes * buffers + (plane.tap_bytes if taps else 0)

    def cycles(view: NodeView) -> float:
        return _window(view).batch * _window(view).out_c * cost(chosen(view))

    return Variant(symbol, accepts, emit, scratch=scratch, overlap=_coincide, cycles=cycles)


# --- int16 plane by plane on SMLAD --------------------------------------------------------------------------

_WIDE_PLANE = "tc_s16_depthwise_conv_2d_plane__dsp"


def _accepts_wide_plane(view: NodeView) -> bool:
    return _walk_any(view) is not None and int(np.abs(_rows(view)).sum(axis=1).max()) < 1 << 16


def _emit_wide_plane(view: NodeView) -> tuple[Call, ...]:
    window, plane, rows = _window(view), needed(_walk_any(view)), _rows(view)
    taps = rows.reshape(-1, window.kernel_h, window.kernel_w)
    low, high = clamp_bounds(conv_attrs(view).activation, view.output())
    params: tuple[tuple[str, ParamValue], ...] = (
        *_image_sizes(view),
        *plane.params(),
        ("multiplier", _groups(view).outputs),
        ("act_min", low),
        ("act_max", high),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    channels = wide_table(bias_values(view, len(rows)), conv_multipliers(view, len(rows)))
    ordered = (taps.transpose(0, 2, 1) if plane.transposed else taps).reshape(-1)
    tables = (
        Table("weights", "int8_t", ordered.astype(np.int8), Role.WEIGHTS),
        Table("channels", "int32_t", channels),
    )
    return (Call(_WIDE_PLANE, "tc_s16_depthwise_plane", params, (In(0), Out(), Scratch()), tables),)


def _wide_plane_scratch(view: NodeView) -> int:
    plane = needed(_walk_any(view))
    return plane.buffer_bytes + plane.tap_bytes


def _wide_plane_cycles(view: NodeView) -> float:
    plane = needed(_walk_any(view))
    return _window(view).batch * _window(view).out_c * (_cost_any(plane) + 30.0 * plane.outer.size_out)


_FOUR_BITS = "tc_s8_depthwise_conv_2d_s4__c"


def _emit_four_bits(view: NodeView) -> tuple[Call, ...]:
    """The kernel tap by tap, with its weights packed and scratch to unpack them into."""
    (call,) = _TAPS.emit_narrow(view, _FOUR_BITS)
    stored = weight_values(view).reshape(1, -1).astype(np.int64)
    tables = (Table("weights", "int8_t", packed_rows(stored), Role.WEIGHTS), *call.tables[1:])
    return (replace(call, arguments=(*call.arguments, Scratch()), tables=tables),)


_TAPS = Taps("depthwise_conv_2d", 3, _groups, 30.0)


class DepthwiseConv2D(ConvOperator):
    name = "DEPTHWISE_CONV_2D"
    attrs_type = DepthwiseConv2DAttrs
    options = Options(
        "DepthwiseConv2DOptions", (*conv_fields(), OptionField("depth_multiplier", "depth_multiplier"))
    )
    dtypes = ("int8", "int16", "float32")
    limits = "constant weights, int8 for int16 inputs, int8 or packed int4 for int8 inputs"
    weights = Weights(3, None, four_bits=Scales.PER_CHANNEL, reads_bias_scale=False, patch_bytes=2)
    variants = (
        *_TAPS.variants(),
        *only(
            Form.S16,
            Variant(
                _WIDE_PLANE,
                _accepts_wide_plane,
                _emit_wide_plane,
                scratch=_wide_plane_scratch,
                overlap=_coincide,
                cycles=_wide_plane_cycles,
            ),
        ),
        *only(
            Form.S4,
            _TAPS.variant(
                _FOUR_BITS, lambda view, _: _emit_four_bits(view), lambda view: view.input(1).elements
            ),
            _plane_variant("tc_s8_depthwise_conv_2d_s4_plane__dsp", _walk_any, _cost_any, True, four=True),
        ),
        *only(
            Form.S8,
            Variant(
                _BYTES,
                _accepts_bytes,
                _emit_bytes,
                scratch=_bytes_scratch,
                overlap=_coincide,
                cycles=_bytes_cycles,
            ),
            _plane_variant("tc_s8_depthwise_conv_2d_3x3__dsp", _walk_3x3(1), _cost_3x3, False),
            _plane_variant("tc_s8_depthwise_conv_2d_3x3s2__dsp", _walk_3x3(2), _cost_3x3, False),
            _plane_variant("tc_s8_depthwise_conv_2d_plane__dsp", _walk_any, _cost_any, True),
        ),
    )

    def check(self, view: NodeView) -> None:
        check_conv(view)
        in_c = view.input(0).shape[3]
        first, _, _, out_c = view.input(1).shape
        if first != 1 or out_c % in_c:
            raise refuse(
                view,
                "shape of the weights",
                found=view.input(1).shape,
                allowed=f"(1, height, width, multiple of {in_c})",
            )
        attrs = view.attrs(DepthwiseConv2DAttrs)
        if attrs.depth_multiplier != out_c // in_c:
            raise refuse(view, "depth multiplier", found=attrs.depth_multiplier, allowed=out_c // in_c)
        bias = view.optional_input(2)
        if form_of(view) is Form.S16_NARROW and bias is not None:
            raise refuse(
                view,
                f"element type of the bias {bias.name} beside int16 inputs",
                found=bias.dtype.value,
                allowed="i64 (TensorFlow Lite Micro reads an int32 bias as if it were one)",
            )
        check_conv_numbers(view, 3, _rows)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        window = _window(view)
        return ((window.batch, window.out_h, window.out_w, window.out_c),)

    def macs(self, view: NodeView) -> int:
        return _TAPS.macs(view)


OPERATOR = DepthwiseConv2D()
