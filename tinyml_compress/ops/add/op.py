"""ADD: sum with broadcasting and fused activation."""

from __future__ import annotations

from tinyml_compress.ops._addsub import AddSubOperator, addsub_variants, plain_variants
from tinyml_compress.ops.base import Options
from tinyml_compress.ops.numerics import Activation


class Add(AddSubOperator):
    name = "ADD"
    options = Options("AddOptions")


OPERATOR = Add()
Add.variants = (
    *addsub_variants("add", OPERATOR),
    *plain_variants("add", lambda view: Activation.NONE),  # for int32, TFLM ignores the activation
)
