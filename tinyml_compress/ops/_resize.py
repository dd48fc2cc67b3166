"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: what they share."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops.base import Operator, refuse


@dataclass(frozen=True)
class ResizeAttrs(Attrs):
    align_corners: bool = False
    half_pixel_centers: bool = False


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
        height, width = _checks.constant_ints(view, 1, "the size")
        return ((batches, height, width, depth),)
