"""SignalFramer: a stream of sound becomes frames that overlap. What the next frames begin with is
the state.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops.base import FLEXBUFFER, In, Kept, Options, Out, StateBlock, refuse
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_framer_params",
        ints("rows"),
        ints("frames", note="of one call and row"),
        ints("size", note="of a frame"),
        ints("step", note="from frame to frame"),
        ints("room", note="for the samples that wait"),
        ints("start", note="zeros that wait before the first sample"),
    ),
)

_LONGEST = 1 << 20


@dataclass(frozen=True)
class SignalFramerAttrs(Attrs):
    size: int
    step: int
    prefill: bool


def _rows(view: NodeView) -> int:
    return view.input(0).elements // view.input(0).shape[-1]


def _held(view: NodeView) -> int:
    """The most samples that wait for the next step: less than a frame, in whole steps unless zeros came
    first.
    """
    attrs = view.attrs(SignalFramerAttrs)
    return -(-attrs.size // attrs.step) * attrs.step - attrs.step


def _params(view: NodeView) -> Params:
    attrs = view.attrs(SignalFramerAttrs)
    return (
        ("rows", _rows(view)),
        ("frames", view.input(0).shape[-1] // attrs.step),
        ("size", attrs.size),
        ("step", attrs.step),
        ("room", _held(view)),
        ("start", attrs.size - attrs.step if attrs.prefill else 0),
    )


class SignalFramer(SignalOperator):
    name = "SignalFramer"
    attrs_type = SignalFramerAttrs
    options = Options(FLEXBUFFER, {"size": "frame_size", "step": "frame_step"})
    dtypes = ("int16",)
    takes = (DType.INT16,)
    gives = (DType.INT16, DType.BOOL)
    ranks = ((None,), (None, 0))
    limits = "frames that are not complete yet are zeros (the interpreter leaves them undefined)"
    variants = (
        called("tc_s16_framer__c", "tc_framer_params", _params, (In(0), Kept(0), Kept(1), Out(0), Out(1))),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        attrs = view.attrs(SignalFramerAttrs)
        rank = _checks.full_rank(view, view.input(0), 7, 1)
        _checks.full_rank(view, view.output(0), rank + 1, rank + 1)
        self.bounded(view, "frame_size", attrs.size, 1, _LONGEST)
        self.bounded(view, "frame_step", attrs.step, 1, attrs.size if attrs.prefill else _LONGEST)
        given = view.input(0).shape[-1]
        if given < attrs.step or given % attrs.step:
            raise refuse(view, "samples given", found=given, allowed=f"a multiple of {attrs.step}")
        self.sized(view, view.output(0), _rows(view) * (given // attrs.step) * attrs.size)

    def state(self, view: NodeView) -> tuple[StateBlock, ...]:
        return (
            StateBlock("samples", DType.INT16, max(_rows(view) * _held(view), 1)),
            StateBlock("count", DType.INT32, 1),
        )


OPERATOR = SignalFramer()
