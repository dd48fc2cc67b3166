"""SignalEnergy: the squared magnitude of each complex number of a spectrum."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops.base import FLEXBUFFER, Options
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_signal_energy_params",
        ints("start end"),
        ints("bins", note="of the output; those outside become 0"),
    ),
)


@dataclass(frozen=True)
class SignalEnergyAttrs(Attrs):
    """Attributes of SignalEnergy: the part of the spectrum, its end not included."""

    end: int
    start: int


def _params(view: NodeView) -> Params:
    attrs = view.attrs(SignalEnergyAttrs)
    return (("start", attrs.start), ("end", attrs.end), ("bins", view.output().elements))


class SignalEnergy(SignalOperator):
    name = "SignalEnergy"
    attrs_type = SignalEnergyAttrs
    options = Options(FLEXBUFFER, {"end": "end_index", "start": "start_index"})
    dtypes = ("int16",)
    takes = (DType.INT16,)
    gives = (DType.UINT32,)
    limits = "energies outside start_index to end_index are 0 (the interpreter leaves them undefined)"
    variants = (called("tc_s16_signal_energy__c", "tc_signal_energy_params", _params),)

    def check(self, view: NodeView) -> None:
        super().check(view)
        attrs, bins = view.attrs(SignalEnergyAttrs), view.input(0).elements // 2
        self.bounded(view, "end_index", attrs.end, 0, min(bins, view.output().elements))
        self.bounded(view, "start_index", attrs.start, 0, attrs.end)


OPERATOR = SignalEnergy()
