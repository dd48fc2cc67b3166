"""SignalFftAutoScale: a frame shifted up as far as its largest value allows, and by how much."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops._unary import in_place
from tinyml_compress.ops.base import In, Out
from tinyml_compress.ops.rows import Params, called


def _params(view: NodeView) -> Params:
    return (("count", view.input(0).elements),)


class SignalFftAutoScale(SignalOperator):
    name = "SignalFftAutoScale"
    dtypes = ("int16",)
    takes = (DType.INT16,)
    gives = (DType.INT16, DType.INT32)
    ranks = ((1,), (1, 0))
    variants = (
        called(
            "tc_s16_fft_auto_scale__c", "tc_count_params", _params, (In(0), Out(0), Out(1)), overlap=in_place
        ),
    )

    def check(self, view: NodeView) -> None:
        super().check(view)
        self.sized(view, view.output(0), view.input(0).elements)


OPERATOR = SignalFftAutoScale()
