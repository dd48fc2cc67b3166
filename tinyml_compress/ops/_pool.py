"""AVERAGE_POOL_2D and MAX_POOL_2D share everything but their kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._forms import float_params
from tinyml_compress.ops._products import Sliding, axis_window, check_sides, clamp_bounds, sliding_gap
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Operator, Options, Overlap, Variant, refuse
from tinyml_compress.ops.numerics import Activation, Fused, Padding
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import floats, ints, struct
from tinyml_compress.ops.traits import Range

_WINDOW = "batch in_h in_w in_c out_h out_w kernel_h kernel_w stride_h stride_w pad_top pad_left"
STRUCTS = (
    struct("tc_s8_pool", ints(_WINDOW), ints("act_min act_max")),
    struct("tc_f32_pool", ints(_WINDOW), floats("act_min act_max")),
)

_MAX_WINDOW = {DType.INT8: 1 << 23, DType.INT16: 1 << 15, DType.FLOAT32: 1 << 23}
"""Taps whose sum stays within 32 bits, or whose number a float holds."""


@dataclass(frozen=True)
class PoolAttrs(Fused):
    padding: Padding = Padding.VALID
    stride_w: int = 1
    stride_h: int = 1
    filter_w: int = 1
    filter_h: int = 1
    activation: Activation = Activation.NONE
    pads: tuple[int, int, int, int] | None = None
    """(top, bottom, left, right) in place of `padding`: of a strip of rows."""


def pool_window(view: NodeView) -> Sliding:
    """The pool's window; every size is known to be positive."""
    attrs = view.attrs(PoolAttrs)
    batch, height, width, channels = view.input(0).shape
    if attrs.pads is None:
        out_h, top = axis_window(attrs.padding, height, attrs.filter_h, attrs.stride_h)
        out_w, left = axis_window(attrs.padding, width, attrs.filter_w, attrs.stride_w)
    else:
        top, bottom, left, right = attrs.pads
        out_h = axis_window(Padding.VALID, height + top + bottom, attrs.filter_h, attrs.stride_h)[0]
        out_w = axis_window(Padding.VALID, width + left + right, attrs.filter_w, attrs.stride_w)[0]
    return Sliding(
        batch=batch,
        in_h=height,
        in_w=width,
        in_c=channels,
        out_h=out_h,
        out_w=out_w,
        out_c=channels,
        kernel_h=attrs.filter_h,
        kernel_w=attrs.filter_w,
        stride_h=attrs.stride_h,
        stride_w=attrs.stride_w,
        pad_top=top,
        pad_left=left,
    )


def pool_variants(
    name: str, types: Sequence[DType] = (DType.INT8, DType.INT16, DType.FLOAT32)
) -> tuple[Variant, ...]:
    """One kernel per type: `tc_<type>_<name>__c`."""
    rows = (
        each_type(f"tc_{{}}_{name}__c", (dtype,), _struct(dtype), _params, overlap=_overlap)
        for dtype in types
    )
    return tuple(row for (row,) in rows)


def _struct(dtype: DType) -> str:
    return "tc_f32_pool" if dtype is DType.FLOAT32 else "tc_s8_pool"


def _params(view: NodeView) -> Params:
    window, activation = pool_window(view), view.attrs(PoolAttrs).activation
    sizes = tuple((name, int(getattr(window, name))) for name in _WINDOW.split())
    if view.input(0).dtype is DType.FLOAT32:
        return (*sizes, *float_params(activation))
    low, high = clamp_bounds(activation, view.output())
    return (*sizes, ("act_min", low), ("act_max", high))


def _overlap(view: NodeView) -> tuple[Overlap, ...]:
    """Each output pixel is written while its window is read."""
    return (Overlap(0, 0, sliding_gap(pool_window(view), 0) * view.output().dtype.itemsize),)


class Pool(Operator):
    attrs_type = PoolAttrs
    ends_in_clamp = True
    options = Options("Pool2DOptions", {"filter_w": "filter_width", "filter_h": "filter_height"})
    dtypes: ClassVar[tuple[str, ...]] = ("int8", "int16", "float32")

    def keeps_channels(self, view: NodeView) -> bool:
        return True

    def along(self, view: NodeView, axis: int) -> Along | None:
        along = pool_window(view).along(axis, replace(view.attrs(PoolAttrs), padding=Padding.VALID))
        # of a window that reaches beyond the image a mean counts the taps inside: borders cannot stand for it
        return None if along is None or along.has_borders else along

    def reach(self, view: NodeView, axis: int) -> Along | None:
        return pool_window(view).along(axis, view.node.attrs)

    def cut(self, view: NodeView, axis: int, before: int, after: int) -> PoolAttrs:
        pads = pool_window(view).pads(axis, before, after)
        return replace(view.attrs(PoolAttrs), padding=Padding.VALID, pads=pads)

    def output_range(self, view: NodeView, given: Mapping[int, Range]) -> Range | None:
        return given[0].clipped(*clamp_bounds(view.attrs(PoolAttrs).activation, view.output()))

    def check(self, view: NodeView) -> None:
        attrs = view.attrs(PoolAttrs)
        _checks.arity(view, 1)
        source = view.input(0)
        check_sides(view, attrs.activation)
        _checks.full_rank(view, source, 4, 4)
        given, target = source.quant, view.output().quant
        if (
            source.dtype is not DType.FLOAT32
            and given is not None
            and target is not None
            and (abs(given.scale - target.scale) > 1.0e-6 or given.zero_point != target.zero_point)
        ):
            raise refuse(
                view,
                "input and output quantized differently",
                found=(
                    f"scales {given.scale} and {target.scale}, zero points "
                    f"{given.zero_point} and {target.zero_point}"
                ),
                allowed="equal zero points, scales within 1e-6",
            )
        for what, value in (
            ("stride_w", attrs.stride_w),
            ("stride_h", attrs.stride_h),
            ("filter_width", attrs.filter_w),
            ("filter_height", attrs.filter_h),
        ):
            if not 1 <= value <= 1 << 15:
                raise refuse(view, what, found=value, allowed="1 to 32768")
        for axis, size in zip("NHWC", source.shape, strict=True):
            if size < 1:
                raise refuse(view, f"size of the input along {axis}", found=size, allowed="1 or more")
        most = _MAX_WINDOW[source.dtype]
        if attrs.filter_h * attrs.filter_w > most:
            raise refuse(
                view, "taps of the window", found=attrs.filter_h * attrs.filter_w, allowed=f"up to {most}"
            )
        window = pool_window(view)
        if window.out_h < 1 or window.out_w < 1:
            raise refuse(
                view,
                "window larger than the image",
                found=f"{attrs.filter_h} x {attrs.filter_w} on {window.in_h} x {window.in_w}",
                allowed="a window that fits, or SAME padding",
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        window = pool_window(view)
        return ((window.batch, window.out_h, window.out_w, window.out_c),)
