"""DIV: quotient with broadcasting and fused activation."""

from __future__ import annotations

from typing import cast

from tinyml_compress.ir import DType, NodeView, Tensor
from tinyml_compress.ops._addsub import FusedAttrs, check_fused, plain_variants
from tinyml_compress.ops._binary import BinaryOperator
from tinyml_compress.ops.base import OptionField, Options
from tinyml_compress.ops.numerics import Activation

__all__ = ["OPERATOR", "Div"]


class Div(BinaryOperator):
    name = "DIV"
    attrs_type = FusedAttrs
    options = Options("DivOptions", (OptionField("activation", "fused_activation_function", Activation),))
    dtypes = ("int32", "float32")
    types = (DType.INT32, DType.FLOAT32)
    limits = "int32 by 0 is 0 (TensorFlow Lite Micro leaves it undefined)"
    variants = plain_variants("div", lambda view: cast(FusedAttrs, view.attrs).activation)

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        check_fused(self, view)
        if out.dtype is DType.INT32 and (first.quant is not None or second.quant is not None):
            raise self.refuse(view, "quantized int32 inputs", found="a scale", allowed="plain int32")


OPERATOR = Div()
