"""SignalOverlapAdd: frames that overlap become one stream of sound. What the next frames are added to is the
state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops.base import FLEXBUFFER, Call, In, Kept, Options, Out, StateBlock, Variant
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_overlap_add_params",
        ints("rows frames"),
        ints("size", note="of a frame"),
        ints("step", note="from frame to frame"),
    ),
)

_NAMES = {DType.INT16: "s16", DType.FLOAT32: "f32"}


class OverlapType(Enum):
    """Element type, as the schema numbers it."""

    FLOAT32 = 0
    INT16 = 7


@dataclass(frozen=True)
class SignalOverlapAddAttrs(Attrs):
    """Attributes of SignalOverlapAdd."""

    type: OverlapType
    step: int


def _rows(view: NodeView) -> int:
    frames, size = view.input(0).shape[-2:]
    return view.input(0).elements // (frames * size)


def _variant(dtype: DType) -> Variant:
    symbol = f"tc_{_NAMES[dtype]}_overlap_add__c"

    def emit(view: NodeView) -> tuple[Call, ...]:
        frames, size = view.input(0).shape[-2:]
        params = (
            ("rows", _rows(view)),
            ("frames", frames),
            ("size", size),
            ("step", view.attrs(SignalOverlapAddAttrs).step),
        )
        return (Call(symbol, "tc_overlap_add_params", params, (In(0), Kept(), Out())),)

    return Variant(symbol, lambda view: view.input(0).dtype is dtype, emit)


class SignalOverlapAdd(SignalOperator):
    name = "SignalOverlapAdd"
    attrs_type = SignalOverlapAddAttrs
    options = Options(FLEXBUFFER, {"type": "T", "step": "frame_step"})
    dtypes = ("int16", "float32")
    limits = "steps of at most a frame"
    variants = tuple(_variant(dtype) for dtype in _NAMES)

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
