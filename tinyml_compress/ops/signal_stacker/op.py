"""SignalStacker: several frames of features side by side, the past ones and those to come. They are the
state.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops.base import FLEXBUFFER, In, Kept, Options, Out, StateBlock
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_stacker_params",
        ints("channels"),
        ints("frames", note="in a stack"),
        ints("left", note="times that the first frame of all stands in for those before it"),
        ints("step", note="frames that leave the stack when it was given out"),
    ),
)

_MOST = 1 << 15


@dataclass(frozen=True)
class SignalStackerAttrs(Attrs):
    channels: int
    left: int
    right: int
    step: int

    @property
    def frames(self) -> int:
        """In one stack."""
        return self.left + self.right + 1


def _params(view: NodeView) -> Params:
    attrs = view.attrs(SignalStackerAttrs)
    return (
        ("channels", attrs.channels),
        ("frames", attrs.frames),
        ("left", attrs.left),
        ("step", attrs.step),
    )


class SignalStacker(SignalOperator):
    name = "SignalStacker"
    attrs_type = SignalStackerAttrs
    options = Options(
        FLEXBUFFER,
        {
            "channels": "num_channels",
            "left": "stacker_left_context",
            "right": "stacker_right_context",
            "step": "stacker_step",
        },
    )
    dtypes = ("int16",)
    takes = (DType.INT16,)
    gives = (DType.INT16, DType.BOOL)
    ranks = ((1,), (1, 0))
    limits = "a stack that is not complete yet is zeros (the interpreter leaves it undefined)"
    variants = (
        called("tc_s16_stacker__c", "tc_stacker_params", _params, (In(0), Kept(0), Kept(1), Out(0), Out(1))),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        attrs = view.attrs(SignalStackerAttrs)
        self.bounded(view, "num_channels", attrs.channels, 1, _MOST)
        self.bounded(view, "stacker_left_context", attrs.left, 0, _MOST)
        self.bounded(view, "stacker_right_context", attrs.right, 0, _MOST)
        self.bounded(view, "stacker_step", attrs.step, 1, attrs.frames)
        self.sized(view, view.input(0), attrs.channels)
        self.sized(view, view.output(0), attrs.channels * attrs.frames)

    def state(self, view: NodeView) -> tuple[StateBlock, ...]:
        attrs = view.attrs(SignalStackerAttrs)
        return (
            StateBlock("stack", DType.INT16, attrs.channels * attrs.frames),
            StateBlock("counts", DType.INT32, 2),
        )


OPERATOR = SignalStacker()
