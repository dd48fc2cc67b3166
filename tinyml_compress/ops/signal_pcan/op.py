"""SignalPCAN: per-channel amplitude normalization, each channel over a gain from an estimate of its noise."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops._unary import in_place
from tinyml_compress.ops.base import FLEXBUFFER, In, Options, Out
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_pcan_params",
        ints("count"),
        ints("shift", note="of the product of channel and gain, to 12 bits behind the point"),
    ),
)

_GAINS = 125
"""Three values for each magnitude of a 32-bit number, and what lies between them in the table."""


@dataclass(frozen=True)
class SignalPcanAttrs(Attrs):
    shift: int


def _params(view: NodeView) -> Params:
    return (("count", view.input(0).elements), ("shift", view.attrs(SignalPcanAttrs).shift))


class SignalPcan(SignalOperator):
    name = "SignalPCAN"
    attrs_type = SignalPcanAttrs
    options = Options(FLEXBUFFER, {"shift": "snr_shift"})
    dtypes = ("uint32",)
    takes = (DType.UINT32, DType.UINT32, DType.INT16)
    gives = (DType.UINT32,)
    limits = f"a table of at least {_GAINS} gains"
    variants = (
        called("tc_u32_pcan__c", "tc_pcan_params", _params, (In(0), In(1), In(2), Out()), overlap=in_place),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        self.bounded(view, "snr_shift", view.attrs(SignalPcanAttrs).shift, 0, 63)
        for tensor in (view.input(1), view.output()):
            self.sized(view, tensor, view.input(0).elements)
        self.bounded(view, "entries of the table of gains", view.input(2).elements, _GAINS, 1 << 20)


OPERATOR = SignalPcan()
