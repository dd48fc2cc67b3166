"""SUB: difference with broadcasting and fused activation."""

from __future__ import annotations

from tinyml_compress.ops._addsub import AddSubOperator, FusedAttrs, addsub_variants, plain_variants
from tinyml_compress.ops.base import OptionField, Options
from tinyml_compress.ops.numerics import Activation


class Sub(AddSubOperator):
    name = "SUB"
    sign = -1
    options = Options("SubOptions", (OptionField("activation", "fused_activation_function", Activation),))


OPERATOR = Sub()
Sub.variants = (
    *addsub_variants("sub", OPERATOR.params),
    *plain_variants("sub", lambda view: view.attrs(FusedAttrs).activation),
)
