"""Number formats of products (convolutions, fully-connected layers): which a node has, and the constants of
each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView, Role
from tinyml_compress.ops._addsub import float_bounds
from tinyml_compress.ops.base import Consts, Variant, refuse
from tinyml_compress.ops.numerics import Activation

Ints = npt.NDArray[np.int64]
_WEIGHTS, _BIAS = 1, 2
_WIDEST_SHIFT = 14
_WIDEST = 1 << 47
"""What TFLM's requantization of 64-bit accumulators is made for."""


class ProductForm(Enum):
    """Types of a product's input, weights and accumulator."""

    S8 = "int8 by int8"
    S4 = "int8 by packed int4"
    S16 = "int16 by int8, 64-bit accumulators"
    S16_NARROW = "int16 by int8 with an int32 bias: 32-bit accumulators, requantized as int8 is"
    F32 = "float32"


def form_of(view: NodeView) -> ProductForm:
    """The form of a node with weights and bias as inputs 1 and 2; the types may still be ones that nobody
    takes.
    """
    source, bias = view.input(0).dtype, view.optional_input(_BIAS)
    if source is DType.FLOAT32:
        return ProductForm.F32
    if source is DType.INT16:
        return ProductForm.S16_NARROW if bias is not None and bias.dtype is DType.INT32 else ProductForm.S16
    return ProductForm.S4 if view.input(_WEIGHTS).dtype is DType.INT4 else ProductForm.S8


def only(form: ProductForm, *variants: Variant) -> tuple[Variant, ...]:
    """The variants, for nodes of that form alone."""

    def limited(variant: Variant) -> Variant:
        return replace(variant, accepts=lambda view: form_of(view) is form and variant.accepts(view))

    return tuple(limited(variant) for variant in variants)


def bias_values(view: NodeView, channels: int) -> Ints:
    """The bias, zeros where there is none."""
    bias = view.optional_input(_BIAS)
    if bias is None or bias.data is None:
        return np.zeros(channels, np.int64)
    return np.asarray(bias.data, np.int64).reshape(-1)


# --- int16 by int8 ------------------------------------------------------------------------------------------


def check_wide(view: NodeView, rows: Ints, multipliers: Sequence[tuple[int, int]], bias: Ints) -> None:
    """No accumulator and no shift leaves what the requantization of 64-bit accumulators is made for."""
    peak = int(np.abs(rows).sum(axis=1).max()) * (1 << 15) + max(int(bias.max()), -int(bias.min()))
    if peak >= _WIDEST:
        raise refuse(
            view,
            "accumulators out of range",
            found=f"up to {peak}",
            allowed="below 2^47",
            next_step="check the calibration data: the bias looks broken",
        )
    shift = max(shift for _, shift in multipliers)
    if shift > _WIDEST_SHIFT:
        raise refuse(
            view,
            "input and weight scales too large for the output scale",
            found=f"a factor of about 2^{shift}",
            allowed="below 2^14",
            next_step="check the calibration data: the output range looks collapsed",
        )


def reduced(multipliers: Sequence[tuple[int, int]]) -> Ints:
    """Per channel, in one word, the multiplier cut to 16 bits and (its lowest 8 bits) the shift
    to the right.
    """
    words = []
    for multiplier, shift in multipliers:
        cut = (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF
        words.append(cut << 8 | 15 - shift)
    return np.array(words, np.int64)


def wide_table(bias: Ints, multipliers: Sequence[tuple[int, int]]) -> npt.NDArray[np.int32]:
    """{low and high half of the bias, multiplier and shift} per channel, for `tc_s16_finish`
    (csrc/tc_conv_wide.h).
    """
    low = bias.astype(np.uint64).astype(np.uint32).view(np.int32).astype(np.int64)
    table: Ints = np.stack([low, bias >> 32, reduced(multipliers)], axis=1)
    return table.astype(np.int32).reshape(-1)


def chunk_of(rows: Ints, group: int = 2) -> int:
    """How many groups of weights of any row, from a multiple of that number on, sum int16 values within 32
    bits.
    """
    groups = np.abs(rows).reshape(len(rows), -1, group).sum(axis=2)
    chunk = int(groups.shape[1])
    while chunk > 1:
        starts = np.arange(0, groups.shape[1], chunk)
        if int(np.add.reduceat(groups, starts, axis=1).max()) < 1 << 16:
            break
        chunk = (chunk + 1) // 2
    return chunk


# --- packed int4 --------------------------------------------------------------------------------------------


def packed_rows(rows: Ints) -> npt.NDArray[np.int8]:
    """Two weights in a byte, the first in the low half; each row starts at a byte."""
    even = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2)))
    return _halves(even[:, 0::2], even[:, 1::2])


def packed_words(stream: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Of each two words of four weights one word: the first one's in the low halves of the bytes."""
    padded = np.pad(stream.reshape(-1), (0, -stream.size % 8)).astype(np.int64).reshape(-1, 2, 4)
    return _halves(padded[:, 0], padded[:, 1])


def _halves(low: Ints, high: Ints) -> npt.NDArray[np.int8]:
    both: Ints = (low & 15) | (high & 15) << 4
    return both.astype(np.uint8).view(np.int8).reshape(-1)


# --- float32 ------------------------------------------------------------------------------------------------


def float_params(activation: Activation) -> tuple[tuple[str, float], ...]:
    """Parameters `act_min` and `act_max` of float kernels."""
    low, high = float_bounds(activation)
    return (("act_min", low), ("act_max", high))


def float_tables(view: NodeView, channels: int) -> tuple[Consts, Consts]:
    """Weights as in the file, and one bias per channel."""
    weights, bias = view.input(_WEIGHTS).constant, view.optional_input(_BIAS)
    values = np.zeros(channels, np.float32) if bias is None or bias.data is None else bias.data
    return (
        Consts("weights", "float", np.asarray(weights, np.float32), Role.WEIGHTS),
        Consts("bias", "float", np.asarray(values, np.float32).reshape(-1), Role.WEIGHTS),
    )
