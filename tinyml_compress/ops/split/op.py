"""SPLIT: equal parts along an axis."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._splitting import SplittingOperator
from tinyml_compress.ops.base import Options, refuse


@dataclass(frozen=True)
class SplitAttrs(Attrs):
    """Attributes of SPLIT; the axis is the first input, the tensor the second."""

    num_splits: int = 0


class Split(SplittingOperator):
    name = "SPLIT"
    attrs_type = SplitAttrs
    options = Options("SplitOptions")
    source = 1
    axis_input = 0

    def check(self, view: NodeView) -> None:
        count = view.attrs(SplitAttrs).num_splits
        _checks.arity(view, 2, max(count, 1))
        self.check_common(view)
        size = view.input(1).shape[self.axis(view)]
        if count < 1 or size % count:
            raise refuse(view, f"{size} elements in {count} equal parts", found=f"{size} / {count}")
        _checks.dtypes(view, view.input(0), (DType.INT32,), "the axis")

    def sizes(self, view: NodeView) -> tuple[int, ...]:
        count = view.attrs(SplitAttrs).num_splits
        return (view.input(1).shape[self.axis(view)] // count,) * count


OPERATOR = Split()
