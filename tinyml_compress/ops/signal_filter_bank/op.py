"""SignalFilterBank: energies of a spectrum gathered into overlapping triangular channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops._signal import SignalOperator, constant
from tinyml_compress.ops.base import FLEXBUFFER, In, Options, Out, refuse
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_filter_bank_params", ints("channels")),)

_ENERGY, _WEIGHTS, _UNWEIGHTS, _FIRST_BIN, _FIRST_WEIGHT, _WIDTHS = range(6)


@dataclass(frozen=True)
class SignalFilterBankAttrs(Attrs):
    channels: int


def _params(view: NodeView) -> Params:
    return (("channels", view.attrs(SignalFilterBankAttrs).channels),)


class SignalFilterBank(SignalOperator):
    name = "SignalFilterBank"
    attrs_type = SignalFilterBankAttrs
    options = Options(FLEXBUFFER, {"channels": "num_channels"})
    dtypes = ("uint32",)
    takes = (DType.UINT32, *(DType.INT16,) * 5)
    gives = (DType.UINT64,)
    limits = "starts and widths of the channels constant"
    variants = (
        called(
            "tc_u32_filter_bank__c",
            "tc_filter_bank_params",
            _params,
            (In(0), In(1), In(2), In(3), In(4), In(5), Out()),
        ),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        channels = view.attrs(SignalFilterBankAttrs).channels
        self.bounded(view, "num_channels", channels, 1, 1 << 14)
        self.sized(view, view.output(), channels)
        for index in (_FIRST_BIN, _FIRST_WEIGHT, _WIDTHS):
            self.sized(view, view.input(index), channels + 1)
        widths = constant(view, _WIDTHS, "the widths of the channels")
        used = widths > 0
        for index, what, held in (
            (_FIRST_BIN, "first bins", (_ENERGY,)),
            (_FIRST_WEIGHT, "first weights", (_WEIGHTS, _UNWEIGHTS)),
        ):
            starts = constant(view, index, f"the {what} of the channels")
            size = min(view.input(one).elements for one in held)
            outside = used & ((starts < 0) | (starts + widths > size))
            if outside.any():
                channel = int(np.argmax(outside))
                raise refuse(
                    view,
                    f"{what} of channel {channel}",
                    found=f"{int(starts[channel])} and {int(widths[channel])} more",
                    allowed=f"within 0 to {size}",
                )


OPERATOR = SignalFilterBank()
