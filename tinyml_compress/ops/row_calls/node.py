"""PULL_ROWS: an input whose rows the caller gives by a callback while the inference runs. PUSH_ROWS: an
output whose rows he takes so.

No file holds them: `fusion/` puts them before the first and behind the last layer, so that they run by strips
as others do.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, NodeView, Tensor
from tinyml_compress.ops.base import CallRows, In, Operator, Out, Variant

_CALL = 100.0
"""Cycles of a call, without what the caller does in it."""


@dataclass(frozen=True, eq=False)
class RowCallAttrs(Attrs):
    """Of which input or output of the model."""

    port: int
    tensor: Tensor
    row_bytes: int


def row_call(view: NodeView) -> RowCallAttrs:
    return view.attrs(RowCallAttrs)


def _variant(function: str, place: In | Out) -> Variant:
    return Variant(
        function,
        lambda view: True,
        lambda view: (),
        counts=lambda view: {"cycles": _CALL},
        flow=lambda view: CallRows(function, row_call(view).port, place, row_call(view).row_bytes),
    )


class _RowCalls(Operator):
    attrs_type = RowCallAttrs
    dtypes = ("any",)

    def check(self, view: NodeView) -> None:
        """Nothing: any bytes can be given and taken."""

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (view.output().shape,)


class PullRows(_RowCalls):
    name = "PULL_ROWS"
    variants = (_variant("pull", Out(0)),)


class PushRows(_RowCalls):
    """Its output is a byte that nobody reads: it stands for what was taken."""

    name = "PUSH_ROWS"
    variants = (_variant("push", In(0)),)


PULL, PUSH = PullRows(), PushRows()
