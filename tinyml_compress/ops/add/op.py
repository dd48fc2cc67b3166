"""ADD: sum with broadcasting and fused activation."""

from __future__ import annotations

from tinyml_compress.ir import Quant
from tinyml_compress.ops._addsub import AddSubOperator, addsub_variants
from tinyml_compress.ops.base import OptionField, Options
from tinyml_compress.ops.numerics import Activation

__all__ = ["OPERATOR", "Add"]


class Add(AddSubOperator):
    name = "ADD"
    options = Options("AddOptions", (OptionField("activation", "fused_activation_function", Activation),))

    @staticmethod
    def multipliers(first: Quant, second: Quant, out: Quant, shift: int) -> tuple[float, float, float]:
        twice = 2.0 * max(first.scale, second.scale)
        return first.scale / twice, second.scale / twice, twice / ((1 << shift) * out.scale)


OPERATOR = Add()
Add.variants = addsub_variants("add", OPERATOR.params)
