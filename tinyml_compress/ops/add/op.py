"""ADD: sum with broadcasting and fused activation."""

from __future__ import annotations

from tinyml_compress.ops._addsub import AddSubOperator, addsub_variants
from tinyml_compress.ops.base import OptionField, Options
from tinyml_compress.ops.numerics import Activation

__all__ = ["OPERATOR", "Add"]


class Add(AddSubOperator):
    name = "ADD"
    options = Options("AddOptions", (OptionField("activation", "fused_activation_function", Activation),))


OPERATOR = Add()
Add.variants = addsub_variants("add", OPERATOR.params)
