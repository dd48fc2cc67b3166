"""What an operator is given when it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter.onnx.model import OnnxGraph, OnnxNode
from tinyml_compress.converter.onnx.values import OnnxGrid, OnnxValue, Order, ordered, plain_order, unfolded
from tinyml_compress.errors import UnsupportedOperator

Array = npt.NDArray[Any]
Built = OnnxValue | Sequence[OnnxValue]
Builder = Callable[["OnnxCall"], Built]


@dataclass(frozen=True, eq=False)
class OnnxCall:
    """One node with its inputs at hand."""

    tf: Any
    node: OnnxNode
    values: Sequence[OnnxValue | None]
    opset: int
    rounds: bool
    """Whether the grids of a quantized model are kept: where the file becomes integer."""
    inner: Callable[[OnnxGraph], list[OnnxValue]]
    """Builds a graph that is an attribute."""

    def has(self, index: int) -> bool:
        return index < len(self.values) and self.values[index] is not None

    def raw(self, index: int) -> OnnxValue:
        """The value as it is, folded or to be rounded."""
        value = self.values[index] if index < len(self.values) else None
        if value is None:
            raise UnsupportedOperator("an input is missing", which=self.node.title, found=f"no input {index}")
        return value

    def value(self, index: int) -> OnnxValue:
        """With the model's axes, rounded."""
        return unfolded(self.tf, rounded(self.tf, self.raw(index)))

    def plain(self, index: int) -> Any:
        """The tensor in the model's order of axes."""
        value = self.value(index)
        return ordered(self.tf, value, plain_order(value.rank))

    def order(self, index: int, order: Order) -> Any:
        return ordered(self.tf, self.value(index), order)

    def constant(self, index: int) -> Array:
        """Of an input that has to be known when the file is made."""
        value = self.raw(index)
        if not value.is_constant:
            raise self.refused(f"input {index} is computed", "a constant")
        return np.asarray(value.tensor)

    def numbers(self, index: int) -> list[int]:
        return [int(number) for number in self.constant(index).reshape(-1)]

    def attribute(self, name: str, default: Any = None) -> Any:
        return self.node.attributes.get(name, default)

    def text(self, name: str, default: str) -> str:
        value = self.attribute(name)
        return default if value is None else bytes(value).decode(errors="replace")

    def axis(self, axis: int, rank: int) -> int:
        """Not below zero."""
        if not -rank <= axis < max(rank, 1):
            raise self.refused(f"axis {axis}", f"{-rank} to {rank - 1}")
        return axis % max(rank, 1)

    def refused(self, what: str, allowed: str | None = None) -> UnsupportedOperator:
        return UnsupportedOperator(
            "an operator is used in a way that is not known",
            which=self.node.title,
            found=what,
            allowed=allowed,
        )


def rounded(tf: Any, value: OnnxValue) -> OnnxValue:
    """With the rounding that a constant still had before it."""
    if value.grid is None or value.whole:
        return value
    if value.grid.axis is None or value.order[-1] == value.grid.axis:
        return replace(value, tensor=on_grid(tf, value.tensor, value.grid), grid=None)
    order = (*(axis for axis in value.order if axis != value.grid.axis), value.grid.axis)
    return OnnxValue(on_grid(tf, ordered(tf, value, order), value.grid), order)


def on_grid(tf: Any, tensor: Any, grid: OnnxGrid) -> Any:
    """Rounded to the grid; with a scale per channel, channels are the last axis."""
    lows, highs = (grid.low - grid.zero) * grid.scale, (grid.high - grid.zero) * grid.scale
    bits = int(grid.high - grid.low).bit_length()
    narrow = bool(grid.low == -127)
    if grid.axis is None:
        low, high = float(np.min(lows)), float(np.max(highs))
        return tf.quantization.fake_quant_with_min_max_vars(tensor, low, high, bits, narrow)
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(
        tensor, lows.astype(np.float32), highs.astype(np.float32), bits, narrow
    )


Operators = Mapping[str, Builder]
