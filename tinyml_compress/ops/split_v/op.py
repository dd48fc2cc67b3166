"""SPLIT_V: parts of given sizes along an axis."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._splitting import SplittingOperator
from tinyml_compress.ops.base import Options, refuse


@dataclass(frozen=True)
class SplitVAttrs(Attrs):
    """Attributes of SPLIT_V; inputs are the tensor, the sizes, and the axis."""

    num_splits: int = 0


class SplitV(SplittingOperator):
    name = "SPLIT_V"
    attrs_type = SplitVAttrs
    options = Options("SplitVOptions")
    source = 0
    axis_input = 2

    def check(self, view: NodeView) -> None:
        count = view.attrs(SplitVAttrs).num_splits
        _checks.arity(view, 3, max(count, 1))
        self.check_common(view)
        given = _checks.constant_ints(view, 1, "the sizes")
        whole = view.input(0).shape[self.axis(view)]
        if len(given) != count or any(size < -1 for size in given) or given.count(-1) > 1:
            raise refuse(view, "the sizes", found=given, allowed=f"{count} sizes, at most one of them -1")
        if sum(self.sizes(view)) != whole or min(self.sizes(view)) < 0:
            raise refuse(view, "the sizes do not add up", found=given, allowed=f"{whole} in all")

    def sizes(self, view: NodeView) -> tuple[int, ...]:
        given = _checks.constant_ints(view, 1, "the sizes")
        rest = view.input(0).shape[self.axis(view)] - sum(size for size in given if size != -1)
        return tuple(rest if size == -1 else size for size in given)


OPERATOR = SplitV()
