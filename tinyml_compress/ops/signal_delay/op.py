"""SignalDelay: each row of sound as it was some samples ago. The samples on their way are the state."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops._unary import in_place
from tinyml_compress.ops.base import FLEXBUFFER, Call, In, Kept, Options, Out, StateBlock, Variant
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_signal_delay_params", ints("rows frame delay")),)

_LONGEST = 1 << 20


@dataclass(frozen=True)
class SignalDelayAttrs(Attrs):
    """Attributes of SignalDelay."""

    length: int


def _length(view: NodeView) -> int:
    return view.attrs(SignalDelayAttrs).length


def _rows(view: NodeView) -> int:
    return view.input(0).elements // view.input(0).shape[-1]


def _emit(view: NodeView) -> tuple[Call, ...]:
    params = (("rows", _rows(view)), ("frame", view.input(0).shape[-1]), ("delay", _length(view)))
    arguments = (In(0), Kept(0), Kept(1), Out())
    return (Call("tc_s16_signal_delay__c", "tc_signal_delay_params", params, arguments),)


class SignalDelay(SignalOperator):
    name = "SignalDelay"
    attrs_type = SignalDelayAttrs
    options = Options(FLEXBUFFER, {"length": "delay_length"})
    dtypes = ("int16",)
    takes = (DType.INT16,)
    gives = (DType.INT16,)
    ranks = ((None,), (None,))
    limits = "delays of 1 sample or more"
    variants = (Variant("tc_s16_signal_delay__c", lambda view: True, _emit, overlap=in_place),)

    def check(self, view: NodeView) -> None:
        super().check(view)
        _checks.full_rank(view, view.input(0), 8, 1)
        self.bounded(view, "delay_length", _length(view), 1, _LONGEST)
        self.sized(view, view.output(), view.input(0).elements)

    def state(self, view: NodeView) -> tuple[StateBlock, ...]:
        return (
            StateBlock("samples", DType.INT16, _rows(view) * _length(view)),
            StateBlock("place", DType.INT32, 1),
        )


OPERATOR = SignalDelay()
