"""SignalFftAutoScale: a frame shifted up as far as its largest value allows, and by how much."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops._unary import in_place
from tinyml_compress.ops.base import Call, In, Out, Variant


def _emit(view: NodeView) -> tuple[Call, ...]:
    params = (("count", view.input(0).elements),)
    return (Call("tc_s16_fft_auto_scale__c", "tc_count_params", params, (In(0), Out(0), Out(1))),)


class SignalFftAutoScale(SignalOperator):
    name = "SignalFftAutoScale"
    dtypes = ("int16",)
    takes = (DType.INT16,)
    gives = (DType.INT16, DType.INT32)
    ranks = ((1,), (1, 0))
    variants = (Variant("tc_s16_fft_auto_scale__c", lambda view: True, _emit, overlap=in_place),)

    def check(self, view: NodeView) -> None:
        super().check(view)
        self.sized(view, view.output(0), view.input(0).elements)


OPERATOR = SignalFftAutoScale()
