"""SignalWindow: frames of sound times a window, as 16-bit fixed point."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops._unary import in_place
from tinyml_compress.ops.base import FLEXBUFFER, In, Options, Out, refuse
from tinyml_compress.ops.rows import Params, called
from tinyml_compress.ops.structs import ints, struct

STRUCTS = (struct("tc_signal_window_params", ints("frames length shift")),)


@dataclass(frozen=True)
class SignalWindowAttrs(Attrs):
    shift: int
    """Bits that the products lose."""


def _params(view: NodeView) -> Params:
    window = view.input(1).elements
    return (
        ("frames", view.input(0).elements // window),
        ("length", window),
        ("shift", view.attrs(SignalWindowAttrs).shift),
    )


class SignalWindow(SignalOperator):
    name = "SignalWindow"
    attrs_type = SignalWindowAttrs
    options = Options(FLEXBUFFER)
    dtypes = ("int16",)
    takes = (DType.INT16, DType.INT16)
    gives = (DType.INT16,)
    ranks = ((None, 1), (None,))
    limits = "shift 0 to 31; whole windows"
    variants = (
        called(
            "tc_s16_signal_window__c",
            "tc_signal_window_params",
            _params,
            (In(0), In(1), Out()),
            overlap=in_place,
        ),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        source, window = view.input(0), view.input(1)
        _checks.full_rank(view, source, 8, 1)
        self.bounded(view, "shift", view.attrs(SignalWindowAttrs).shift, 0, 31)
        if not window.elements or source.elements % window.elements:
            raise refuse(
                view,
                "lengths of frame and window",
                found=f"{source.elements} and {window.elements}",
                allowed="a whole number of windows",
            )
        if view.output().shape != source.shape:
            raise refuse(view, "shape of the output", found=view.output().shape, allowed=source.shape)


OPERATOR = SignalWindow()
