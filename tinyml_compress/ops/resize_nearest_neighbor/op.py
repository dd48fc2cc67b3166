"""RESIZE_NEAREST_NEIGHBOR: each pixel is a copy of the nearest one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Call, In, Operator, Options, Out, Ref, Table, Variant, refuse
from tinyml_compress.ops.numerics import round_half_away
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_resize_nearest_params",
        ints("batches batch_bytes"),
        ints("height", note="of the output"),
        ints("width pixel_bytes"),
        pointers("int32_t", "rows", note="byte offset of the input row for each output row"),
        pointers("int32_t", "columns", note="byte offset of the input pixel in its row"),
    ),
)


@dataclass(frozen=True)
class ResizeNearestNeighborAttrs(Attrs):
    """Attributes of RESIZE_NEAREST_NEIGHBOR."""

    align_corners: bool = False
    half_pixel_centers: bool = False


def _nearest(size: int, wanted: int, attrs: ResizeNearestNeighborAttrs) -> list[int]:
    """The input index for every output index along one axis, in float32 as on the device."""
    align = attrs.align_corners and wanted > 1
    scale = np.float32(size - 1) / np.float32(wanted - 1) if align else np.float32(size) / np.float32(wanted)
    offset = np.float32(0.5 if attrs.half_pixel_centers else 0.0)
    found: list[int] = []
    for index in range(wanted):
        exact = np.float32((np.float32(index) + offset) * scale)
        place = round_half_away(float(exact)) if attrs.align_corners else int(np.floor(exact))
        place = min(place, size - 1)
        found.append(max(place, 0) if attrs.half_pixel_centers else place)
    return found


def _emit(view: NodeView) -> tuple[Call, ...]:
    attrs = view.attrs(ResizeNearestNeighborAttrs)
    (batches, height, width, depth), out = view.input(0).shape, view.output().shape
    pixel = depth * view.input(0).dtype.itemsize
    rows = np.array(_nearest(height, out[1], attrs), np.int32) * (width * pixel)
    columns = np.array(_nearest(width, out[2], attrs), np.int32) * pixel
    params = (
        ("batches", batches),
        ("batch_bytes", height * width * pixel),
        ("height", out[1]),
        ("width", out[2]),
        ("pixel_bytes", pixel),
        ("rows", Ref("rows")),
        ("columns", Ref("columns")),
    )
    tables = (Table("rows", "int32_t", rows), Table("columns", "int32_t", columns))
    return (Call("tc_x8_resize_nearest__c", "tc_resize_nearest_params", params, (In(0), Out()), tables),)


class ResizeNearestNeighbor(Operator):
    name = "RESIZE_NEAREST_NEIGHBOR"
    attrs_type = ResizeNearestNeighborAttrs
    options = Options("ResizeNearestNeighborOptions")
    dtypes = ("int8", "int16", "float32")
    limits = "rank 4, size constant"
    variants = (Variant("tc_x8_resize_nearest__c", lambda view: True, _emit),)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        dtype = _checks.dtypes(view, view.input(0), (DType.INT8, DType.INT16, DType.FLOAT32))
        _checks.dtypes(view, view.output(), (dtype,))
        _checks.full_rank(view, view.input(0), 4, 4)
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the size")
        size = _checks.constant_ints(view, 1, "the size")
        if len(size) != 2 or min(size) < 1 or min(view.input(0).shape) < 1:
            raise refuse(
                view, "the size", found=f"{view.input(0).shape} to {size}", allowed="two sizes above 0"
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        batches, _, _, depth = view.input(0).shape
        height, width = _checks.constant_ints(view, 1, "the size")
        return ((batches, height, width, depth),)


OPERATOR = ResizeNearestNeighbor()
