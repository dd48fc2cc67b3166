"""SignalFilterBankSpectralSubtraction: channels less a running estimate of their noise, which is
its state.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops.base import FLEXBUFFER, In, Kept, Options, Out, Overlap, StateBlock
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (
    struct(
        "tc_spectral_subtraction_params",
        ints("count"),
        ints("smoothing", length=2, note="of channels of even and of odd number"),
        ints("one_minus_smoothing", length=2),
        ints("min_signal_remaining smoothing_bits"),
        ints("bits", note="behind the point of the factors above"),
        ints("clamping"),
    ),
)


@dataclass(frozen=True)
class SpectralSubtractionAttrs(Attrs):
    """Attributes of SignalFilterBankSpectralSubtraction; the alternate ones are for channels of
    odd number.
    """

    alternate_one_minus_smoothing: int
    alternate_smoothing: int
    clamping: bool
    min_signal_remaining: int
    num_channels: int
    one_minus_smoothing: int
    smoothing: int
    smoothing_bits: int
    spectral_subtraction_bits: int


def _params(view: NodeView) -> Params:
    attrs = view.attrs(SpectralSubtractionAttrs)
    return (
        ("count", attrs.num_channels),
        ("smoothing", (attrs.smoothing, attrs.alternate_smoothing)),
        ("one_minus_smoothing", (attrs.one_minus_smoothing, attrs.alternate_one_minus_smoothing)),
        ("min_signal_remaining", attrs.min_signal_remaining),
        ("smoothing_bits", attrs.smoothing_bits),
        ("bits", attrs.spectral_subtraction_bits),
        ("clamping", int(attrs.clamping)),
    )


def _in_place(view: NodeView) -> tuple[Overlap, ...]:
    return (Overlap(0, 0), Overlap(0, 1))


class SpectralSubtraction(SignalOperator):
    name = "SignalFilterBankSpectralSubtraction"
    attrs_type = SpectralSubtractionAttrs
    options = Options(FLEXBUFFER)
    dtypes = ("uint32",)
    takes = (DType.UINT32,)
    gives = (DType.UINT32, DType.UINT32)
    limits = "smoothing factors from 0 on"
    variants = (
        called(
            "tc_u32_spectral_subtraction__c",
            "tc_spectral_subtraction_params",
            _params,
            (In(0), Kept(), Out(0), Out(1)),
            overlap=_in_place,
        ),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        attrs = view.attrs(SpectralSubtractionAttrs)
        for tensor in (view.input(0), view.output(0), view.output(1)):
            self.sized(view, tensor, attrs.num_channels)
        self.bounded(view, "smoothing_bits", attrs.smoothing_bits, 0, 31)
        self.bounded(view, "spectral_subtraction_bits", attrs.spectral_subtraction_bits, 0, 63)
        for field in (
            "smoothing",
            "one_minus_smoothing",
            "alternate_smoothing",
            "alternate_one_minus_smoothing",
            "min_signal_remaining",
        ):
            self.bounded(view, field, getattr(attrs, field), 0, (1 << 31) - 1)

    def state(self, view: NodeView) -> tuple[StateBlock, ...]:
        return (StateBlock("noise", DType.UINT32, view.attrs(SpectralSubtractionAttrs).num_channels),)


OPERATOR = SpectralSubtraction()
