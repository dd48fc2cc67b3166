"""Layers of constant weights, each row of which makes one channel of the output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._fixed_point import Ints, requantize
from tinyml_compress.ops._products import clamp_bounds, conv_multipliers, weight_values
from tinyml_compress.ops.base import Operator
from tinyml_compress.ops.numerics import Fused
from tinyml_compress.ops.traits import MOST, Products, Range, Weights, channels_of


class WeightedOperator(Operator):
    """CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED."""

    weights: ClassVar[Weights]
    ends_in_clamp = True

    def multipliers(self, view: NodeView) -> Sequence[tuple[int, int]]:
        """Multiplier and shift of each row's sum."""
        return conv_multipliers(view, view.input(1).shape[self.weights.outputs])

    def padded(self, view: NodeView) -> bool:
        """Whether taps may lie outside the image."""
        return False

    def handed_on(self, view: NodeView) -> Mapping[int, Ints] | None:
        if self.weights.inputs is not None:
            return None
        count = channels_of(view.output())
        return {0: np.arange(count) // (count // channels_of(view.input(0)))}

    def products(self, view: NodeView, source: Range) -> Products | None:
        """The node as rows; None for groups."""
        held, channels = weight_values(view).astype(np.int64), channels_of(view.input(0))
        axis = self.weights.inputs
        if axis is not None and held.shape[axis] % channels:
            return None
        weights = np.moveaxis(held, self.weights.outputs, 0)
        weights = weights.reshape(len(weights), -1, 1 if axis is None else channels)
        zero_point = view.quant(0).zero_point
        low, high = source.low - zero_point, source.high - zero_point
        if axis is None:
            low, high = (np.repeat(bound, len(weights) // channels)[:, None, None] for bound in (low, high))
        padded = self.padded(view)
        if padded:
            low, high = np.minimum(low, 0), np.maximum(high, 0)
        tensor = view.optional_input(self.weights.bias)
        bias = np.zeros(len(weights), np.int64)
        if tensor is not None and tensor.data is not None:
            bias = tensor.data.astype(np.int64).reshape(-1)
        positive, negative = np.maximum(weights, 0), np.minimum(weights, 0)
        return Products(
            weights,
            bias,
            bias + (positive * low + negative * high).sum(axis=(1, 2)),
            bias + (positive * high + negative * low).sum(axis=(1, 2)),
            padded,
        )

    def output_range(self, view: NodeView, given: Mapping[int, Range]) -> Range | None:
        products = self.products(view, given[0])
        if products is None:
            return None
        clamp = clamp_bounds(view.attrs(Fused).activation, view.output())
        zero_point = view.output_quant().zero_point
        bounds = np.empty((2, len(products.weights)), np.int64)
        for row, (multiplier, shift) in enumerate(self.multipliers(view)):
            ends = np.array([products.low[row], products.high[row]])
            wraps = (np.abs(ends).max() << max(shift, 0)) >= MOST
            bounds[:, row] = clamp if wraps else requantize(ends, multiplier, shift) + zero_point
        return Range(*bounds).clipped(*clamp)
