"""SignalOverlapAdd: frames that overlap become one stream of sound. What the next frames are added to is the
state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops.base import FLEXBUFFER, In, Kept, Options, Out, StateBlock
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_overlap_add_params",
        ints("rows frames"),
        ints("size", note="of a frame"),
        ints("step", note="from frame to frame"),
    ),
)


class OverlapType(Enum):
    """Element type, as the schema numbers it."""

    FLOAT32 = 0
    INT16 = 7


@dataclass(frozen=True)
class SignalOverlapAddAttrs(Attrs):
    type: OverlapType
    step: int


def _rows(view: NodeView) -> int:
    frames, size = view.input(0).shape[-2:]
    return view.input(0).elements // (frames * size)


def _params(view: NodeView) -> Params:
    frames, size = view.input(0).shape[-2:]
    step = view.attrs(SignalOverlapAddAttrs).step
    return (("rows", _rows(view)), ("frames", frames), ("size", size), ("step", step))


class SignalOverlapAdd(SignalOperator):
    name = "SignalOverlapAdd"
    attrs_type = SignalOverlapAddAttrs
    options = Options(FLEXBUFFER, {"type": "T", "step": "frame_step"})
    types = (DType.INT16, DType.FLOAT32)
    limits = "steps of at most a frame"
    variants = each_type(
        "tc_{}_overlap_add__c", types, "tc_overlap_add_params", _params, (In(0), Kept(), Out())
    )

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        dtype = DType[view.attrs(SignalOverlapAddAttrs).type.name]
        for tensor in (view.input(0), view.output()):
            _checks.dtypes(view, tensor, (dtype,))
        rank = _checks.full_rank(view, view.input(0), 8, 2)
        _checks.full_rank(view, view.output(), rank - 1, rank - 1)
        frames, size = view.input(0).shape[-2:]
        self.bounded(view, "frame_step", view.attrs(SignalOverlapAddAttrs).step, 1, size)
        self.sized(view, view.output(), _rows(view) * frames * view.attrs(SignalOverlapAddAttrs).step)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (view.output().shape,)

    def state(self, view: NodeView) -> tuple[StateBlock, ...]:
        left = view.input(0).shape[-1] - view.attrs(SignalOverlapAddAttrs).step
        return (StateBlock("sums", view.input(0).dtype, max(_rows(view) * left, 1)),)


OPERATOR = SignalOverlapAdd()
