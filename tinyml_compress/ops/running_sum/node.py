"""RUNNING_SUM: a pool or mean over all rows that is given a few of them at a time.

No file holds it: `fusion/` makes strips of it. The first output holds a sum per channel from one strip to the
next, the second is made of the sums by the last strip.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tinyml_compress.ir import Attrs, DType, NodeView, needed
from tinyml_compress.ops.base import Call, In, Operator, Out, Variant
from tinyml_compress.ops.rows import NAMES, takes
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_running_sum", ints("channels pixels"), ints("begins", note="sums are 0 before it")),)


@dataclass(frozen=True, eq=False)
class RunningSumAttrs(Attrs):
    """Of one strip."""

    begins: bool
    last: Call | None
    """What makes the second output of the sums, after the last rows."""


def _calls(symbol: str, view: NodeView) -> tuple[Call, ...]:
    attrs, given = view.attrs(RunningSumAttrs), view.input(0)
    channels = given.shape[-1]
    params = ("channels", channels), ("pixels", given.elements // channels), ("begins", int(attrs.begins))
    add = Call(symbol, "tc_running_sum", params, (In(0), Out(0)))
    return (add,) if attrs.last is None else (add, attrs.last)


class RunningSum(Operator):
    name = "RUNNING_SUM"
    attrs_type = RunningSumAttrs
    types = (DType.INT8, DType.INT16)
    variants = tuple(
        Variant(symbol, takes(dtype), partial(_calls, symbol))
        for dtype in types
        for symbol in (f"tc_{NAMES[dtype]}_running_sum__c",)
    )

    def check(self, view: NodeView) -> None:
        """Nothing: the pool or mean was checked."""

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return tuple(view.graph.tensors[needed(name)].shape for name in view.node.outputs)


OPERATOR = RunningSum()
