"""LOGISTIC and TANH: what they share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import Ints, requantize, rounding_shift_right
from tinyml_compress.ops._unary import UnaryOperator, all_values, in_place
from tinyml_compress.ops.base import Consts, Variant, refuse
from tinyml_compress.ops.numerics import round_half_away
from tinyml_compress.ops.rows import Params, called, takes
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_sigmoid16_params",
        ints("count multiplier"),
        ints("shift", note="to the right"),
        pointers("uint16_t", "table"),
    ),
)

_INTEGER_BITS = 4
_LEAST16 = 2.0**-40
"""A smaller scale of an int16 input runs out of TFLM's words: what it gives then is not defined."""
_RAISED = 0x800000000000000000000000000000800011009020440005C0467BAEFA7BD110
"""One bit per entry of TFLM's table: whether it is one above the rounded value (measured on the interpreter).
"""


def _scaling(view: NodeView) -> tuple[int, int]:
    """Multiplier and left shift from the input's scale to four integer bits."""
    quant = view.quant(0)
    fraction, shift = math.frexp(quant.scale * (1 << (31 - _INTEGER_BITS)))
    return round_half_away(fraction * (1 << 31)), shift


def table_of(
    view: NodeView, function: Callable[[Ints, int], Ints], output_bits: int, zero_point: int
) -> Ints:
    """The int8 results of all int8 inputs; far inputs saturate without being computed."""
    quant = view.quant(0)
    multiplier, shift = _scaling(view)
    radius = math.floor(((1 << _INTEGER_BITS) - 1) * 2.0 ** (31 - _INTEGER_BITS) / 2.0**shift)
    values = all_values(DType.INT8) - quant.zero_point
    near = np.clip(values, -radius, radius)
    result = function(requantize(near, multiplier, shift), _INTEGER_BITS)
    stored = np.clip(rounding_shift_right(result, 31 - output_bits) + zero_point, -128, 127)
    return np.where(values <= -radius, -128, np.where(values >= radius, 127, stored))


def _log2(value: float) -> int | None:
    """The exponent of a power of two, or of what TFLM takes for one."""
    exact = math.log2(value)
    return round(exact) if abs(exact - round(exact)) < 1e-3 else None


def _scaling16(view: NodeView, powers: tuple[int, ...]) -> tuple[int, int]:
    """Multiplier and shift to the right to a scale of 1 / (3 * 4096), which is the table's."""
    quant = view.quant(0)
    exponent = _log2(quant.scale)
    if exponent is not None and exponent + 12 in powers:
        return 3 << (exponent + 12), 0
    multiplier, shift = quant.scale * 4096.0 * 3.0, 0
    while multiplier <= 32767.0 / 2.0 and shift <= 30:
        multiplier *= 2.0
        shift += 1
    return int(multiplier), shift


def curve() -> npt.NDArray[np.uint16]:
    """The logistic function at multiples of 1/24, in 16 bits, as TFLM interpolates it."""
    exact = np.floor(65536.0 / (1.0 + np.exp(-np.arange(256) / 24.0)) + 0.5)
    raised = [_RAISED >> index & 1 for index in range(256)]
    table: npt.NDArray[np.uint16] = (exact + raised).astype(np.uint16)
    return table


def int16_variant(symbol: str, powers: tuple[int, ...]) -> Variant:
    """The kernel for int16; `powers` are the shifts for which a scale that is a power of two is taken as it
    is.
    """

    def params(view: NodeView) -> Params:
        multiplier, shift = _scaling16(view, powers)
        table = Consts("table", "uint16_t", curve())
        return (
            ("count", view.output().elements),
            ("multiplier", multiplier),
            ("shift", shift),
            ("table", table),
        )

    return called(symbol, "tc_sigmoid16_params", params, accepts=takes(DType.INT16), overlap=in_place)


class SigmoidOperator(UnaryOperator):
    """A function that saturates on both ends, as a table of 256 entries."""

    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    powers: ClassVar[tuple[int, ...]]

    def check(self, view: NodeView) -> None:
        super().check(view)
        if view.output().dtype is DType.FLOAT32:
            return
        _checks.quantizations(view, view.input(0), view.output())
        if view.output().dtype is DType.INT16:
            self._check_int16(view)
            return
        shift = _scaling(view)[1]
        if not 0 <= shift <= 30:
            quant = view.quant(0)
            raise refuse(view, "scale of the input", found=quant.scale, allowed="2^-28 to 4")

    def _check_int16(self, view: NodeView) -> None:
        source, target = view.quant(0), view.output_quant()
        if _log2(target.scale) != -15:
            raise refuse(view, "scale of the output", found=target.scale, allowed="1/32768")
        if source.scale < _LEAST16 or _scaling16(view, self.powers)[0] > 32767:
            raise refuse(view, "scale of the input", found=source.scale, allowed="2^-40 to 2.66")
