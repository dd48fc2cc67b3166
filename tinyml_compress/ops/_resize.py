"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: what they share."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tinyml_compress.ir import Attrs, DType, NodeView, needed
from tinyml_compress.ops import _checks
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Operator, refuse


@dataclass(frozen=True)
class ResizedStrip:
    """Some rows of an image that grows by whole numbers."""

    axis: int
    spread: int
    """Rows of the output for each of the input."""
    skipped: int
    """Rows of the output between where the first row of the input begins and the first one that is made."""


@dataclass(frozen=True)
class ResizeAttrs(Attrs):
    align_corners: bool = False
    half_pixel_centers: bool = False
    strip: ResizedStrip | None = field(default=None, kw_only=True)
    """Then the sizes along its axis are those of the strip."""

    def strip_along(self, axis: int) -> ResizedStrip | None:
        return self.strip if self.strip is not None and self.strip.axis == axis else None


class ResizeOperator(Operator):
    """An image and its constant size."""

    attrs_type = ResizeAttrs
    limits = "rank 4, size constant"

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 2)
        _checks.one_type(view, self.types)
        _checks.full_rank(view, view.input(0), 4, 4)
        _checks.dtypes(view, view.input(1), (DType.INT32,), "the size")
        size = _checks.constant_ints(view, 1, "the size")
        if len(size) != 2 or min(size) < 1 or min(view.input(0).shape) < 1:
            sizes = f"{view.input(0).shape} to {size}"
            raise refuse(view, "the size", found=sizes, allowed="two sizes above 0")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        batches, _, _, depth = view.input(0).shape
        sizes = [batches, *_checks.constant_ints(view, 1, "the size"), depth]
        strip = view.attrs(ResizeAttrs).strip
        if strip is not None:
            sizes[strip.axis] = view.output().shape[strip.axis]
        return (tuple(sizes),)

    def reach(self, view: NodeView, axis: int) -> Along | None:
        if axis not in (1, 2) or view.attrs(ResizeAttrs).align_corners:
            return None
        spread, rest = divmod(view.output().shape[axis], view.input(0).shape[axis])
        if rest:
            return None
        return Along(axis) if spread == 1 else self.grows(view, axis, spread)

    def grows(self, view: NodeView, axis: int, spread: int) -> Along | None:
        """Which rows a row is made of where there are so many for each of the input, and each strip is made
        as if it were the whole image; None where that is not so.
        """
        raise NotImplementedError

    def cut(self, view: NodeView, axis: int, before: int, after: int) -> Attrs | None:
        along = needed(self.reach(view, axis), "the reach of a layer")
        return replace(view.attrs(ResizeAttrs), strip=ResizedStrip(axis, along.spread, before - along.before))
