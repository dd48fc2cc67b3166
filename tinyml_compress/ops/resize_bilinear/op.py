"""RESIZE_BILINEAR: each pixel is a weighted mean of the four nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView, needed
from tinyml_compress.ops._resize import ResizeAttrs, ResizedStrip, ResizeOperator
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Consts, Level, Options, refuse
from tinyml_compress.ops.rows import Params, called, each_type
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
        "tc_resize_words_params",
        ints("batches batch height"),
        ints("runs", note="of pixels of an output row that lie between the same two of the input"),
        ints("depth"),
        pointers("int32_t", "rows", note="offsets as above, and sixteenths"),
        pointers("int32_t", "columns", note="per run: both offsets, and how many pixels"),
        pointers("int8_t", "rights", note="sixteenths of each pixel of a row"),
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
class _Between:
    """One output index lies `fraction` of the way from input index `low` to `high`."""

    low: int
    high: int
    fraction: float


def _toward_zero(a: int, b: int) -> int:
    return int(a / b) if a < 0 else a // b


def _ratio(size: int, wanted: int, attrs: ResizeAttrs, strip: ResizedStrip | None) -> tuple[int, int]:
    """Of the steps of the input to those of the output."""
    if strip is not None:
        return 1, strip.spread
    return (size - 1, wanted - 1) if attrs.align_corners and wanted > 1 else (size, wanted)


def _indices(wanted: int, strip: ResizedStrip | None) -> range:
    first = 0 if strip is None else strip.skipped
    return range(first, first + wanted)


def _fixed(size: int, wanted: int, attrs: ResizeAttrs, strip: ResizedStrip | None) -> list[_Between]:
    """Along one axis with ten fractional bits, as for integers."""
    over, under = _ratio(size, wanted, attrs, strip)
    scale = (_ONE * over + under // 2) // under
    between: list[_Between] = []
    for index in _indices(wanted, strip):
        place = index * scale + (scale // 2 - _ONE // 2 if attrs.half_pixel_centers else 0)
        low = max(_toward_zero(place, _ONE), 0)
        high = min(_toward_zero(place + _ONE - 1, _ONE), size - 1)
        between.append(_Between(low, high, place - _ONE * low))
    return between


def _floating(size: int, wanted: int, attrs: ResizeAttrs, strip: ResizedStrip | None) -> list[_Between]:
    """Along one axis in float32."""
    over, under = _ratio(size, wanted, attrs, strip)
    scale, half = np.float32(over) / np.float32(under), np.float32(0.5)
    between: list[_Between] = []
    for index in _indices(wanted, strip):
        value = np.float32(index)
        place = (value + half) * scale - half if attrs.half_pixel_centers else value * scale
        low, high = max(int(np.floor(place)), 0), min(int(np.ceil(place)), size - 1)
        between.append(_Between(low, high, float(place - np.float32(low))))
    return between


def _sizes(view: NodeView) -> Params:
    (batches, height, width, depth), out = view.input(0).shape, view.output().shape
    sizes = {"batches": batches, "batch": height * width * depth, "height": out[1], "width": out[2]}
    return (*sizes.items(), ("depth", depth))


_Way = Callable[[int, int, ResizeAttrs, ResizedStrip | None], list[_Between]]


def _along(view: NodeView, way: _Way) -> Iterator[npt.NDArray[np.float64]]:
    """Per output row, then per output column: where the two input elements start, and the fraction."""
    (_, height, width, depth), out = view.input(0).shape, view.output().shape
    attrs = view.attrs(ResizeAttrs)
    for axis, size, wanted, step in ((1, height, out[1], width * depth), (2, width, out[2], depth)):
        places = way(size, wanted, attrs, attrs.strip_along(axis))
        yield np.array([(one.low * step, one.high * step, one.fraction) for one in places], np.float64)


def _params_s8(view: NodeView) -> Params:
    tables = zip(("rows", "columns"), _along(view, _fixed), strict=True)
    return (
        *_sizes(view),
        *((name, Consts(name, "int32_t", places.astype(np.int32))) for name, places in tables),
    )


def _sixteenths(places: list[_Between]) -> list[_Between] | None:
    """The same places in sixteenths, if they lie at such; one at an index goes with those behind it."""
    kept: list[_Between] = []
    for index, place in enumerate(places):
        fraction, rest = divmod(0 if place.low == place.high else place.fraction, _ONE // 16)
        if rest or not 0 <= fraction <= 16:
            return None
        behind = places[index + 1 :][:1]
        joins = fraction == 0 and behind and behind[0].low == place.low
        kept.append(_Between(place.low, behind[0].high if joins else place.high, fraction))
    return kept


def _both_in_sixteenths(view: NodeView) -> tuple[list[_Between], list[_Between]] | None:
    """Rows and columns."""
    (_, height, width, _), out, attrs = view.input(0).shape, view.output().shape, view.attrs(ResizeAttrs)
    rows = _sixteenths(_fixed(height, out[1], attrs, attrs.strip_along(1)))
    columns = _sixteenths(_fixed(width, out[2], attrs, attrs.strip_along(2)))
    return None if rows is None or columns is None else (rows, columns)


def _takes_words(view: NodeView) -> bool:
    source = view.input(0)
    if source.dtype is not DType.INT8 or source.shape[3] % 4:
        return False
    return _both_in_sixteenths(view) is not None


def _params_words(view: NodeView) -> Params:
    rows, columns = needed(_both_in_sixteenths(view), "sixteenths")
    batches, height, width, depth = view.input(0).shape
    step = width * depth
    runs = [
        (low * depth, high * depth, len(list(run)))
        for (low, high), run in groupby(columns, lambda one: (one.low, one.high))
    ]
    lines = [(one.low * step, one.high * step, one.fraction) for one in rows]
    return (
        ("batches", batches),
        ("batch", height * step),
        ("height", len(rows)),
        ("runs", len(runs)),
        ("depth", depth),
        ("rows", Consts("rows", "int32_t", np.array(lines, np.int32))),
        ("columns", Consts("columns", "int32_t", np.array(runs, np.int32))),
        ("rights", Consts("rights", "int8_t", np.array([one.fraction for one in columns], np.int8))),
    )


def _params_f32(view: NodeView) -> Params:
    rows, columns = _along(view, _floating)
    return (
        *_sizes(view),
        ("rows", Consts("rows", "int32_t", rows[:, :2].astype(np.int32))),
        ("columns", Consts("columns", "int32_t", columns[:, :2].astype(np.int32))),
        ("row_fractions", Consts("row_fractions", "float", rows[:, 2].astype(np.float32))),
        ("column_fractions", Consts("column_fractions", "float", columns[:, 2].astype(np.float32))),
    )


class ResizeBilinear(ResizeOperator):
    name = "RESIZE_BILINEAR"
    options = Options("ResizeBilinearOptions")
    types = (DType.INT8, DType.FLOAT32)
    variants = (
        replace(
            called(
                "tc_s8_resize_bilinear_words__c",
                "tc_resize_words_params",
                _params_words,
                accepts=_takes_words,
            ),
            levels=frozenset((Level.SPEED, Level.BALANCED)),
        ),
        *each_type("tc_{}_resize_bilinear__c", (DType.INT8,), "tc_resize_bilinear_params", _params_s8),
        *each_type(
            "tc_{}_resize_bilinear__c", (DType.FLOAT32,), "tc_f32_resize_bilinear_params", _params_f32
        ),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        attrs = view.attrs(ResizeAttrs)
        if attrs.align_corners and attrs.half_pixel_centers:
            raise refuse(view, "align_corners with half_pixel_centers", found="both", allowed="one of them")

    def grows(self, view: NodeView, axis: int, spread: int) -> Along | None:
        if _ONE % spread or spread == _ONE:
            return None  # places are rounded, each row's otherwise
        before = spread // 2 if view.attrs(ResizeAttrs).half_pixel_centers else spread
        return Along(axis, 2 * spread, before=before, spread=spread)


OPERATOR = ResizeBilinear()
