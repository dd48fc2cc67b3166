"""ZEROS_LIKE: zeros in the shape of a tensor."""

from __future__ import annotations

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._moves import MoveOperator, fill_call
from tinyml_compress.ops.base import Call, Options


class ZerosLike(MoveOperator):
    name = "ZEROS_LIKE"
    options = Options("ZerosLikeOptions")
    types = (DType.INT8, DType.INT32, DType.INT64, DType.FLOAT32)

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        _checks.one_type(view, self.types)

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        return (fill_call(view, view.output().dtype.numpy.type(0), view.output().elements),)


OPERATOR = ZerosLike()
