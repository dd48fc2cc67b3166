"""Values on their way through an ONNX graph, each in the order of axes in which it was computed.

ONNX puts channels before space, TensorFlow Lite behind it. Nothing is transposed until somebody cannot do
without: each value says which of its axes holds which of the model's, and a Transpose only says it anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Order = tuple[int, ...]
"""Axis i holds the model's axis `order[i]`."""


@dataclass(frozen=True)
class OnnxGrid:
    """The integers that a quantized model rounds a value to."""

    scale: Array
    zero: Array
    low: int
    high: int
    axis: int | None = None
    """Of the model, where there is a scale per channel."""


@dataclass(frozen=True)
class Folded:
    """What a value was before its axes became one: (batch, height, width, channels) -> (batch, all)."""

    shape: tuple[int, ...]
    order: Order


@dataclass(frozen=True, eq=False)
class OnnxValue:
    """A tensor of TensorFlow, or a constant of numpy."""

    tensor: Any
    order: Order
    folded: Folded | None = None
    """Its last axis is several axes in another order than the model's."""
    grid: OnnxGrid | None = None
    """What it is still to be rounded to: constants are, when the order of their axes is settled."""
    whole: bool = False
    """It stands for the integers of `grid`, though it holds real values."""

    @classmethod
    def of(cls, tensor: Any) -> OnnxValue:
        """A tensor whose axes are in the model's order."""
        return cls(tensor, tuple(range(len(tensor.shape))))

    @property
    def is_constant(self) -> bool:
        return isinstance(self.tensor, np.ndarray)

    @property
    def rank(self) -> int:
        return len(self.order)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        return tuple(int(size) for size in self.tensor.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """As the model sees it."""
        sizes = [0] * self.rank
        for size, axis in zip(self.stored_shape, self.order, strict=True):
            sizes[axis] = size
        return tuple(sizes)

    @property
    def is_plain(self) -> bool:
        return self.folded is None and self.order == tuple(range(self.rank))

    def with_tensor(self, tensor: Any) -> OnnxValue:
        """The same order, other numbers."""
        return replace(self, tensor=tensor)


def plain_order(rank: int) -> Order:
    return tuple(range(rank))


def channels_last(rank: int) -> Order:
    return (0, *range(2, rank), 1)


def ordered(tf: Any, value: OnnxValue, order: Sequence[int]) -> Any:
    """The tensor with its axes in that order; moving axes of size 1 is a reshape."""
    order = tuple(order)
    if value.folded is not None:
        value = unfolded(tf, value)
    if value.order == order:
        return value.tensor
    axes = [value.order.index(axis) for axis in order]
    if isinstance(value.tensor, np.ndarray):
        return np.ascontiguousarray(np.transpose(value.tensor, axes))
    sizes = value.stored_shape
    moving = [axis for axis in axes if sizes[axis] != 1]
    if moving == sorted(moving):
        return tf.reshape(value.tensor, [sizes[axis] for axis in axes])
    return tf.transpose(value.tensor, axes)


def unfolded(tf: Any, value: OnnxValue) -> OnnxValue:
    """The same with its axes as the model has them."""
    if value.folded is None:
        return value
    before = OnnxValue(tf.reshape(value.tensor, value.folded.shape), value.folded.order)
    tensor = ordered(tf, before, plain_order(len(value.folded.order)))
    return OnnxValue.of(tf.reshape(tensor, value.stored_shape))


def regrouped(tf: Any, value: OnnxValue, shape: Sequence[int]) -> OnnxValue:
    """Reshaped, in the order at hand as far as that goes: axes that are split or joined stay in place."""
    value = unfolded(tf, value)
    shape = tuple(int(size) for size in shape)
    if value.is_plain or value.is_constant:
        return OnnxValue.of(tf.reshape(ordered(tf, value, plain_order(value.rank)), shape))
    groups = _groups(value.shape, shape)
    order = list(value.order)
    for axes, _ in groups:  # axes that become one have to lie side by side, in their order
        live = [axis for axis in axes if value.shape[axis] != 1]
        places = [order.index(axis) for axis in live]
        if live and places != list(range(places[0], places[0] + len(places))):
            if len(shape) == 2 and axes == list(range(1, value.rank)):
                return _fold(tf, value, shape)
            last = live[-1]
            kept = [axis for axis in order if axis not in live or axis == last]
            at = kept.index(last)
            order = [*kept[:at], *live, *kept[at + 1 :]]
    tensor = ordered(tf, value, order)
    wanted: list[int] = []
    for axis in order:
        group = next((group for group in groups if axis in group[0]), None)
        if group is not None:
            wanted.extend(new for new in group[1] if new not in wanted)
    wanted.extend(new for new in range(len(shape)) if new not in wanted)
    return OnnxValue(tf.reshape(tensor, [shape[new] for new in wanted]), tuple(wanted))


def _fold(tf: Any, value: OnnxValue, shape: tuple[int, ...]) -> OnnxValue:
    """(batch, all) in the order at hand: who multiplies it by a constant matrix takes its rows so."""
    if value.order[0] != 0 or shape[0] != value.shape[0]:
        return OnnxValue.of(tf.reshape(ordered(tf, value, plain_order(value.rank)), shape))
    tensor = tf.reshape(value.tensor, shape)
    return OnnxValue(tensor, (0, 1), Folded(value.stored_shape, value.order))


def rows_as_folded(folded: Folded) -> Array:
    """Which place of the model's last axis each place of the folded one holds."""
    sizes = [0] * len(folded.order)
    for size, axis in zip(folded.shape, folded.order, strict=True):
        sizes[axis] = size
    places = np.arange(int(np.prod(sizes[1:]))).reshape(1, *sizes[1:])
    return np.transpose(places, folded.order).reshape(-1)


def _groups(old: Sequence[int], new: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """Axes that together become others, as few at a time as can be."""
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        left: list[int] = []
        right: list[int] = []
        a = b = 1
        if i < len(old):
            a, left, i = old[i], [i], i + 1
        if j < len(new):
            b, right, j = new[j], [j], j + 1
        while a != b:
            if (a < b and i < len(old)) or j >= len(new):
                a, i = a * old[i], i + 1
                left.append(i - 1)
            else:
                b, j = b * new[j], j + 1
                right.append(j - 1)
        groups.append((left, right))
    return groups
