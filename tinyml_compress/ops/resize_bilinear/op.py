"""RESIZE_BILINEAR: each pixel is a weighted mean of the four nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Call, In, Operator, Options, Out, Ref, Table, Variant, refuse
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_resize_bilinear_params",
        ints("batches"),
        ints("batch", note="input elements per batch"),
        ints("height", note="of the output"),
        ints("width depth"),
        pointers(
            "int32_t",
            "rows",
            note="per output row: offsets of the input rows below and above, fraction of 1024",
        ),
        pointers("int32_t", "columns", note="the same along a row"),
    ),
    struct(
        "tc_f32_resize_bilinear_params",
        ints("batches batch height width depth"),
        pointers("int32_t", "rows", note="per output row: offsets of the input rows below and above"),
        pointers("int32_t", "columns"),
        pointers("float", "row_fractions column_fractions"),
    ),
)

_ONE = 1 << 10


@dataclass(frozen=True)
class ResizeBilinearAttrs(Attrs):
    """Attributes of RESIZE_BILINEAR."""

    align_corners: bool = False
    half_pixel_centers: bool = False


@dataclass(frozen=True)
class _Between:
    """One output index lies `fraction` of the way from input index `low` to `high`."""

    low: int
    high: int
    fraction: float


def _toward_zero(a: int, b: int) -> int:
    return int(a / b) if a < 0 else a // b


def _fixed(size: int, wanted: int, attrs: ResizeBilinearAttrs) -> list[_Between]:
    """Along one axis with ten fractional bits, as for integers."""
    corners = attrs.align_corners and wanted > 1
    over, under = (size - 1, wanted - 1) if corners else (size, wanted)
    scale = (_ONE * over + under // 2) // under
    found: list[_Between] = []
    for index in range(wanted):
        place = index * scale + (scale // 2 - _ONE // 2 if attrs.half_pixel_centers else 0)
        low = max(_toward_zero(place, _ONE), 0)
        high = min(_toward_zero(place + _ONE - 1, _ONE), size - 1)
        found.append(_Between(low, high, place - _ONE * low))
    return found


def _floating(size: int, wanted: int, attrs: ResizeBilinearAttrs) -> list[_Between]:
    """Along one axis in float32."""
    corners = attrs.align_corners and wanted > 1
    over, under = (size - 1, wanted - 1) if corners else (size, wanted)
    scale, half = np.float32(over) / np.float32(under), np.float32(0.5)
    found: list[_Between] = []
    for index in range(wanted):
        value = np.float32(index)
        place = (value + half) * scale - half if attrs.half_pixel_centers else value * scale
        low, high = max(int(np.floor(place)), 0), min(int(np.ceil(place)), size - 1)
        found.append(_Between(low, high, float(place - np.float32(low))))
    return found


def _emit_s8(view: NodeView) -> tuple[Call, ...]:
    attrs = view.attrs(ResizeBilinearAttrs)
    (batches, height, width, depth), out = view.input(0).shape, view.output().shape
    rows = [
        (b.low * width * depth, b.high * width * depth, int(b.fraction))
        for b in _fixed(height, out[1], attrs)
    ]
    columns = [(b.low * depth, b.high * depth, int(b.fraction)) for b in _fixed(width, out[2], attrs)]
    tables = (
        Table("rows", "int32_t", np.array(rows, np.int32)),
        Table("columns", "int32_t", np.array(columns, np.int32)),
    )
    params = (
        ("batches", batches),
        ("batch", height * width * depth),
        ("height", out[1]),
        ("width", out[2]),
        ("depth", depth),
        ("rows", Ref("rows")),
        ("columns", Ref("columns")),
    )
    return (Call("tc_s8_resize_bilinear__c", "tc_resize_bilinear_params", params, (In(0), Out()), tables),)


def _emit_f32(view: NodeView) -> tuple[Call, ...]:
    attrs = view.attrs(ResizeBilinearAttrs)
    (batches, height, width, depth), out = view.input(0).shape, view.output().shape
    rows, columns = _floating(height, out[1], attrs), _floating(width, out[2], attrs)
    tables = (
        Table(
            "rows",
            "int32_t",
            np.array([(b.low * width * depth, b.high * width * depth) for b in rows], np.int32),
        ),
        Table("columns", "int32_t", np.array([(b.low * depth, b.high * depth) for b in columns], np.int32)),
        Table("row_fractions", "float", np.array([b.fraction for b in rows], np.float32)),
        Table("column_fractions", "float", np.array([b.fraction for b in columns], np.float32)),
    )
    params = (
        ("batches", batches),
        ("batch", height * width * depth),
        ("height", out[1]),
        ("width", out[2]),
        ("depth", depth),
        ("rows", Ref("rows")),
        ("columns", Ref("columns")),
        ("row_fractions", Ref("row_fractions")),
        ("column_fractions", Ref("column_fractions")),
    )
    return (
        Call("tc_f32_resize_bilinear__c", "tc_f32_resize_bilinear_params", params, (In(0), Out()), tables),
    )


class ResizeBilinear(Operator):
    name = "RESIZE_BILINEAR"
    attrs_type = ResizeBilinearAttrs
    options = Options("ResizeBilinearOptions")
    dtypes = ("int8", "float32")
    limits = "rank 4, size constant"
    variants = (
        Variant("tc_s8_resize_bilinear__c", lambda view: view.input(0).dtype is DType.INT8, _emit_s8),
        Variant("tc_f32_resize_bilinear__c", lambda view: view.input(0).dtype is DType.FLOAT32, _emit_f32),
    )

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        dtype = _checks.dtypes(view, view.input(0), (DType.INT8, DType.FLOAT32))
        _checks.dtypes(view, view.output(), (dtype,))
        _checks.full_rank(view, view.input(0), 4, 4)
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the size")
        size = _checks.constant_ints(view, 1, "the size")
        if len(size) != 2 or min(size) < 1 or min(view.input(0).shape) < 1:
            raise refuse(
                view, "the size", found=f"{view.input(0).shape} to {size}", allowed="two sizes above 0"
            )
        attrs = view.attrs(ResizeBilinearAttrs)
        if attrs.align_corners and attrs.half_pixel_centers:
            raise refuse(view, "align_corners with half_pixel_centers", found="both", allowed="one of them")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        batches, _, _, depth = view.input(0).shape
        height, width = _checks.constant_ints(view, 1, "the size")
        return ((batches, height, width, depth),)


OPERATOR = ResizeBilinear()
