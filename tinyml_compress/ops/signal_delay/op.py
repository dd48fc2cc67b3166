"""SignalDelay: each row of sound as it was some samples ago. The samples on their way are the state."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops._unary import in_place
from tinyml_compress.ops.base import FLEXBUFFER, In, Kept, Options, Out, StateBlock
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_signal_delay_params", ints("rows frame delay")),)

_LONGEST = 1 << 20


@dataclass(frozen=True)
class SignalDelayAttrs(Attrs):
    length: int


def _length(view: NodeView) -> int:
    return view.attrs(SignalDelayAttrs).length


def _rows(view: NodeView) -> int:
    return view.input(0).elements // view.input(0).shape[-1]


def _params(view: NodeView) -> Params:
    return (("rows", _rows(view)), ("frame", view.input(0).shape[-1]), ("delay", _length(view)))


class SignalDelay(SignalOperator):
    name = "SignalDelay"
    attrs_type = SignalDelayAttrs
    options = Options(FLEXBUFFER, {"length": "delay_length"})
    dtypes = ("int16",)
    takes = (DType.INT16,)
    gives = (DType.INT16,)
    ranks = ((None,), (None,))
    limits = "delays of 1 sample or more"
    variants = (
        called(
            "tc_s16_signal_delay__c",
            "tc_signal_delay_params",
            _params,
            (In(0), Kept(0), Kept(1), Out()),
            overlap=in_place,
        ),
    )

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
