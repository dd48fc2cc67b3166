"""LOGISTIC and TANH: what they share."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import Ints, requantize, rounding_shift_right
from tinyml_compress.ops._unary import UnaryOperator, all_values
from tinyml_compress.ops.numerics import round_half_away

__all__ = ["SigmoidOperator", "table_of"]

_INTEGER_BITS = 4


def _scaling(view: NodeView) -> tuple[int, int]:
    """Multiplier and left shift from the input's scale to four integer bits."""
    quant = view.input(0).quant
    assert quant is not None
    fraction, shift = math.frexp(quant.scale * (1 << (31 - _INTEGER_BITS)))
    return round_half_away(fraction * (1 << 31)), shift


def table_of(view: NodeView, function: Callable[[Ints, int], Ints], output_bits: int, zero_point: int) -> Ints:
    """The int8 results of all int8 inputs; far inputs saturate without being computed."""
    quant = view.input(0).quant
    assert quant is not None
    multiplier, shift = _scaling(view)
    radius = math.floor(((1 << _INTEGER_BITS) - 1) * 2.0 ** (31 - _INTEGER_BITS) / 2.0**shift)
    values = all_values(DType.INT8) - quant.zero_point
    near = np.clip(values, -radius, radius)
    result = function(requantize(near, multiplier, shift), _INTEGER_BITS)
    stored = np.clip(rounding_shift_right(result, 31 - output_bits) + zero_point, -128, 127)
    return np.where(values <= -radius, -128, np.where(values >= radius, 127, stored))


class SigmoidOperator(UnaryOperator):
    """A function that saturates on both ends, as a table of 256 entries."""

    attrs_type = Attrs
    dtypes = ("int8",)
    types = (DType.INT8,)

    def check(self, view: NodeView) -> None:
        super().check(view)
        for tensor in (view.input(0), view.output()):
            _checks.quantization(self, view, tensor)
        shift = _scaling(view)[1]
        if not 0 <= shift <= 30:
            quant = view.input(0).quant
            assert quant is not None
            raise self.refuse(view, "scale of the input", found=quant.scale, allowed="2^-28 to 4")
