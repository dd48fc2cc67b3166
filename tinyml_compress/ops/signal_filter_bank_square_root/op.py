"""SignalFilterBankSquareRoot: rounded roots of the channels, shifted down by a number of bits known at run
time.
"""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops.base import In, Out
from tinyml_compress.ops.rows import Params, called


def _params(view: NodeView) -> Params:
    return (("count", view.input(0).elements),)


class SignalFilterBankSquareRoot(SignalOperator):
    name = "SignalFilterBankSquareRoot"
    dtypes = ("uint64",)
    takes = (DType.UINT64, DType.INT32)
    gives = (DType.UINT32,)
    ranks = ((1, 0), (1,))
    limits = "shift 0 to 31, of which nothing more than its low five bits is read at run time"
    variants = (called("tc_u64_square_root__c", "tc_count_params", _params, (In(0), In(1), Out())),)

    def check(self, view: NodeView) -> None:
        super().check(view)
        self.sized(view, view.output(), view.input(0).elements)


OPERATOR = SignalFilterBankSquareRoot()
