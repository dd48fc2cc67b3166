"""SUB: difference with broadcasting and fused activation."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import Quant
from tinyml_compress.ops._addsub import AddSubOperator, addsub_variants
from tinyml_compress.ops.base import OptionField, Options
from tinyml_compress.ops.numerics import Activation

__all__ = ["OPERATOR", "Sub"]


class Sub(AddSubOperator):
    name = "SUB"
    options = Options("SubOptions", (OptionField("activation", "fused_activation_function", Activation),))

    @staticmethod
    def multipliers(first: Quant, second: Quant, out: Quant, shift: int) -> tuple[float, float, float]:
        # Unlike ADD, the ratios are formed in float32.
        scale1, scale2, scale = (np.float32(quant.scale) for quant in (first, second, out))
        twice = np.float32(2.0) * max(scale1, scale2)
        return float(scale1 / twice), float(scale2 / twice), float(twice / (np.float32(1 << shift) * scale))


OPERATOR = Sub()
Sub.variants = addsub_variants("sub", OPERATOR.params)
