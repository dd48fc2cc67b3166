"""Which values each channel of an int8 tensor can take, whatever the input: exact integer arithmetic on
intervals.

A range holds for a channel, an index along the last axis. Bounds are sound always, and tight where every
operator on the way is monotone in each of its inputs. Operators that are not known here give their type's
whole range.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, Graph, NodeView, Tensor
from tinyml_compress.ops._addsub import AddSubOperator
from tinyml_compress.ops._conv import conv_window
from tinyml_compress.ops._fixed_point import requantize
from tinyml_compress.ops._meansum import MeanSumOperator
from tinyml_compress.ops._padding import pad_value, paddings
from tinyml_compress.ops._products import clamp_bounds, conv_multipliers, weight_values
from tinyml_compress.ops._reduce import reduced_axes, reduced_elements
from tinyml_compress.ops._unary import rescale_factor
from tinyml_compress.ops.base import Operator
from tinyml_compress.ops.concatenation.op import ConcatenationAttrs
from tinyml_compress.ops.fully_connected.node import row_multipliers
from tinyml_compress.ops.numerics import Activation, Fused, activation_range, dtype_range

__all__ = ["Products", "Range", "channels_of", "products", "ranges"]

Ints = npt.NDArray[np.int64]
_MOST = 1 << 30
"""Sums beyond this may wrap somewhere on their way to the output; nothing is concluded from them."""


@dataclass(frozen=True, eq=False)
class Range:
    """Smallest and largest stored value per channel."""

    low: Ints
    high: Ints

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Channels that are one value for every input."""
        same: npt.NDArray[np.bool_] = self.low == self.high
        return same


@dataclass(frozen=True, eq=False)
class Products:
    """A convolution or fully-connected node as rows of weights: `weights[row, tap, channel of the input]`.

    For a depthwise convolution the last axis has one entry, and row r reads channel r // multiplier.
    """

    weights: Ints
    bias: Ints
    low: Ints
    high: Ints
    """Bounds of the accumulator per row, bias included; beyond 32 bits nothing is known of the row."""
    padded: bool
    """Whether taps may lie outside the image, where they count as the input's zero point."""


def channels_of(tensor: Tensor) -> int:
    """Length of the last axis; 1 for a scalar."""
    return tensor.shape[-1] if tensor.shape else 1


def ranges(graph: Graph) -> dict[str, Range]:
    """The range of every int8 tensor of a checked graph."""
    known: dict[str, Range] = {}
    for tensor in graph.tensors.values():
        if tensor.dtype is DType.INT8 and tensor.elements:
            known[tensor.name] = _of_data(tensor) if tensor.is_const else _whole(tensor)
    for view in graph.views():
        rule = _RULES.get(view.node.op)
        given = [
            view.graph.tensors[name]
            for name in (*view.node.inputs[:1], *view.node.outputs)
            if name is not None
        ]
        if rule is None or any(tensor.dtype is not DType.INT8 or not tensor.elements for tensor in given):
            continue
        out = view.output()
        found = rule(view, known)
        if found is not None:
            low, high = dtype_range(out.dtype)
            count = channels_of(out)
            known[out.name] = Range(
                np.clip(np.broadcast_to(found.low, count), low, high),
                np.clip(np.broadcast_to(found.high, count), low, high),
            )
    return known


def _whole(tensor: Tensor) -> Range:
    low, high = dtype_range(tensor.dtype)
    count = channels_of(tensor)
    return Range(np.full(count, low, np.int64), np.full(count, high, np.int64))


def _of_data(tensor: Tensor) -> Range:
    values = tensor.constant.reshape(-1, channels_of(tensor)).astype(np.int64)
    return Range(values.min(axis=0), values.max(axis=0))


def _input(view: NodeView, known: Mapping[str, Range], index: int = 0) -> Range:
    return known[view.input(index).name]


def _zero(tensor: Tensor) -> int:
    return tensor.quantized.zero_point


# --- products ---


def products(view: NodeView, known: Mapping[str, Range]) -> Products | None:
    """The node as rows of weights; None for operators without weights and for grouped convolutions."""
    make = {"CONV_2D": _conv_rows, "DEPTHWISE_CONV_2D": _depthwise_rows, "FULLY_CONNECTED": _dense_rows}
    if view.node.op not in make:
        return None
    made = make[view.node.op](view)
    if made is None:
        return None
    weights, padded = made
    given, zero = _input(view, known), _zero(view.input(0))
    low, high = given.low - zero, given.high - zero
    if view.node.op == "DEPTHWISE_CONV_2D":
        repeat = len(weights) // len(low)
        low, high = (np.repeat(bound, repeat)[:, None, None] for bound in (low, high))
    if padded:
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    bias_tensor = view.optional_input(2)
    bias = np.zeros(len(weights), np.int64)
    if bias_tensor is not None and bias_tensor.data is not None:
        bias = bias_tensor.data.astype(np.int64).reshape(-1)
    positive, negative = np.maximum(weights, 0), np.minimum(weights, 0)
    return Products(
        weights,
        bias,
        bias + (positive * low + negative * high).sum(axis=(1, 2)),
        bias + (positive * high + negative * low).sum(axis=(1, 2)),
        padded,
    )


def _conv_rows(view: NodeView) -> tuple[Ints, bool] | None:
    weights = weight_values(view).astype(np.int64)
    rows, _, _, channels = weights.shape
    if channels != channels_of(view.input(0)):
        return None
    return weights.reshape(rows, -1, channels), conv_window(view, rows).padded


def _depthwise_rows(view: NodeView) -> tuple[Ints, bool]:
    weights = weight_values(view).astype(np.int64)
    rows = weights.shape[3]
    return weights.reshape(-1, rows).T[:, :, None], conv_window(view, rows).padded


def _dense_rows(view: NodeView) -> tuple[Ints, bool] | None:
    weights, channels = weight_values(view).astype(np.int64), channels_of(view.input(0))
    if weights.shape[1] % channels:
        return None
    return weights.reshape(len(weights), -1, channels), False


def _products_range(view: NodeView, known: Mapping[str, Range]) -> Range | None:
    made = products(view, known)
    if made is None:
        return None
    if view.node.op == "FULLY_CONNECTED":
        multipliers = row_multipliers(view)
    else:
        multipliers = conv_multipliers(view, len(made.weights))
    out = view.output()
    act_low, act_high = clamp_bounds(_activation(view), out)
    bounds = np.empty((2, len(made.weights)), np.int64)
    for row, (multiplier, shift) in enumerate(multipliers):
        ends = np.array([made.low[row], made.high[row]])
        wraps = (np.abs(ends).max() << max(shift, 0)) >= _MOST
        bounds[:, row] = (act_low, act_high) if wraps else requantize(ends, multiplier, shift) + _zero(out)
    low, high = np.clip(bounds, act_low, act_high)
    return Range(low, high)


def _activation(view: NodeView) -> Activation:
    return view.attrs(Fused).activation


def _operator(view: NodeView) -> Operator:
    from tinyml_compress.ops import operator

    return operator(view.node.op, view.node.name)


# --- element by element ---


def _sum(view: NodeView, known: Mapping[str, Range]) -> Range:
    first, second = _input(view, known), _input(view, known, 1)
    if view.node.op == "SUB":
        second = Range(second.high, second.low)
    return Range(_add(view, first.low, second.low), _add(view, first.high, second.high))


def _add(view: NodeView, first: Ints, second: Ints) -> Ints:
    made = dict(cast(AddSubOperator, _operator(view)).params(view))
    fine = [
        requantize(
            (values - made[f"zero_point{i}"]) << made["left_shift"], made[f"multiplier{i}"], made[f"shift{i}"]
        )
        for i, values in ((1, first), (2, second))
    ]
    both = fine[0] - fine[1] if view.node.op == "SUB" else fine[0] + fine[1]
    return np.clip(
        requantize(both, made["multiplier"], made["shift"]) + made["zero_point"], made["low"], made["high"]
    )


def _rescaled(view: NodeView, known: Mapping[str, Range]) -> Range | None:
    """RELU and QUANTIZE."""
    source, out = view.input(0), view.output()
    if source.quant is None or out.quant is None:
        return None
    multiplier, shift = rescale_factor(view)
    if 255 << max(shift, 0) >= _MOST:
        return None
    act = Activation.RELU if view.node.op == "RELU" else Activation.NONE
    bounds = activation_range(act, out.dtype, out.quant)
    given = _input(view, known)
    low, high = (
        np.clip(requantize(values - _zero(source), multiplier, shift) + _zero(out), *bounds)
        for values in (given.low, given.high)
    )
    return Range(low, high)


def _relu6(view: NodeView, known: Mapping[str, Range]) -> Range | None:
    quant, given = view.input(0).quant, _input(view, known)
    if quant is None:
        return None
    low, high = activation_range(Activation.RELU6, DType.INT8, quant)
    return Range(np.clip(given.low, low, high), np.clip(given.high, low, high))


# --- whole windows, and moves ---


def _pool(view: NodeView, known: Mapping[str, Range]) -> Range:
    low, high = clamp_bounds(_activation(view), view.output())
    given = _input(view, known)
    return Range(np.clip(given.low, low, high), np.clip(given.high, low, high))


def _mean(view: NodeView, known: Mapping[str, Range]) -> Range | None:
    op = cast(MeanSumOperator, _operator(view))
    if len(view.input(0).shape) - 1 in reduced_axes(view):
        return None
    source, out, given = view.input(0), view.output(), _input(view, known)
    count = reduced_elements(view)
    multiplier, shift = op.factor(view)
    if (255 * count) << max(shift, 0) >= _MOST:
        return None
    low, high = (
        requantize((values - _zero(source)) * count, multiplier, shift) + _zero(out)
        for values in (given.low, given.high)
    )
    return Range(low, high)


def _concatenation(view: NodeView, known: Mapping[str, Range]) -> Range:
    parts = [_input(view, known, index) for index in range(len(view.node.inputs))]
    last = len(view.output().shape) - 1
    if view.attrs(ConcatenationAttrs).axis % (last + 1) == last:
        return Range(
            np.concatenate([part.low for part in parts]), np.concatenate([part.high for part in parts])
        )
    return Range(np.min([part.low for part in parts], axis=0), np.max([part.high for part in parts], axis=0))


def _same_bytes(view: NodeView, known: Mapping[str, Range]) -> Range:
    given, count = _input(view, known), channels_of(view.output())
    if count % len(given.low) == 0:
        return Range(
            np.tile(given.low, count // len(given.low)), np.tile(given.high, count // len(given.low))
        )
    return Range(given.low.min(keepdims=True), given.high.max(keepdims=True))


def _pad(view: NodeView, known: Mapping[str, Range]) -> Range | None:
    given, value, amounts = _input(view, known), pad_value(view).item(), paddings(view)
    if any(amounts[-1]):
        return None
    if not any(any(pair) for pair in amounts):
        return given
    return Range(np.minimum(given.low, value), np.maximum(given.high, value))


_RULES: dict[str, Callable[[NodeView, Mapping[str, Range]], Range | None]] = {
    "ADD": _sum,
    "AVERAGE_POOL_2D": _pool,
    "CONCATENATION": _concatenation,
    "CONV_2D": _products_range,
    "DEPTHWISE_CONV_2D": _products_range,
    "EXPAND_DIMS": _same_bytes,
    "FULLY_CONNECTED": _products_range,
    "MAX_POOL_2D": _pool,
    "MEAN": _mean,
    "PAD": _pad,
    "PADV2": _pad,
    "QUANTIZE": _rescaled,
    "RELU": _rescaled,
    "RELU6": _relu6,
    "RESHAPE": _same_bytes,
    "SQUEEZE": _same_bytes,
    "SUB": _sum,
}
