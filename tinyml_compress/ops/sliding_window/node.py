"""SLIDING_WINDOW: a variable that holds the frames of a window takes new ones in, and its oldest go.

No file holds it: `passes/keep_windows.py` makes it.
"""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._moves import MOVABLE
from tinyml_compress.ops.base import In, Operator, Out
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_slide_params",
        ints("kept", note="bytes of all frames but the new ones"),
        ints("by", note="bytes of the new ones"),
    ),
)


def _params(view: NodeView) -> Params:
    new = view.input(0).nbytes
    return (("kept", view.output().nbytes - new), ("by", new))


class SlidingWindow(Operator):
    name = "SLIDING_WINDOW"
    types = MOVABLE
    variants = (called("tc_x8_slide__c", "tc_slide_params", _params, (In(0), Out())),)
    writes_variables = True

    def check(self, view: NodeView) -> None:
        """Nothing: what it is made of was checked."""

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (view.output().shape,)


OPERATOR = SlidingWindow()
