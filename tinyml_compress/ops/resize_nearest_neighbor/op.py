"""RESIZE_NEAREST_NEIGHBOR: each pixel is a copy of the nearest one."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops._resize import ResizeAttrs, ResizedStrip, ResizeOperator
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Consts, Options
from tinyml_compress.ops.numerics import round_half_away
from tinyml_compress.ops.rows import Params, called
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


def _nearest(size: int, wanted: int, attrs: ResizeAttrs, strip: ResizedStrip | None) -> list[int]:
    """The input index for every output index along one axis, in float32 as on the device."""
    if strip is not None:
        return [index // strip.spread for index in range(strip.skipped, strip.skipped + wanted)]
    align = attrs.align_corners and wanted > 1
    scale = np.float32(size - 1) / np.float32(wanted - 1) if align else np.float32(size) / np.float32(wanted)
    offset = np.float32(0.5 if attrs.half_pixel_centers else 0.0)
    sources: list[int] = []
    for index in range(wanted):
        exact = np.float32((np.float32(index) + offset) * scale)
        place = round_half_away(float(exact)) if attrs.align_corners else int(np.floor(exact))
        place = min(place, size - 1)
        sources.append(max(place, 0) if attrs.half_pixel_centers else place)
    return sources


def _params(view: NodeView) -> Params:
    attrs = view.attrs(ResizeAttrs)
    (batches, height, width, depth), out = view.input(0).shape, view.output().shape
    pixel = depth * view.input(0).dtype.itemsize
    rows = np.array(_nearest(height, out[1], attrs, attrs.strip_along(1)), np.int32) * (width * pixel)
    columns = np.array(_nearest(width, out[2], attrs, attrs.strip_along(2)), np.int32) * pixel
    return (
        ("batches", batches),
        ("batch_bytes", height * width * pixel),
        ("height", out[1]),
        ("width", out[2]),
        ("pixel_bytes", pixel),
        ("rows", Consts("rows", "int32_t", rows)),
        ("columns", Consts("columns", "int32_t", columns)),
    )


class ResizeNearestNeighbor(ResizeOperator):
    name = "RESIZE_NEAREST_NEIGHBOR"
    options = Options("ResizeNearestNeighborOptions")
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    variants = (called("tc_x8_resize_nearest__c", "tc_resize_nearest_params", _params),)

    def grows(self, view: NodeView, axis: int, spread: int) -> Along | None:
        size, wanted = view.input(0).shape[axis], view.output().shape[axis]
        whole = _nearest(size, wanted, view.attrs(ResizeAttrs), None)
        if whole != [index // spread for index in range(wanted)]:
            return None  # float32 takes another row somewhere
        return Along(axis, spread, spread=spread)


OPERATOR = ResizeNearestNeighbor()
