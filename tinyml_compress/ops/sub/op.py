"""SUB: difference with broadcasting and fused activation."""

from __future__ import annotations

from tinyml_compress.ops._addsub import AddSubOperator, FusedAttrs, addsub_variants, plain_variants
from tinyml_compress.ops.base import Options


class Sub(AddSubOperator):
    name = "SUB"
    sign = -1
    options = Options("SubOptions")


OPERATOR = Sub()
Sub.variants = (
    *addsub_variants("sub", OPERATOR),
    *plain_variants("sub", lambda view: view.attrs(FusedAttrs).activation),
)
