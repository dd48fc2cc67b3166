"""STRIDED_SLICE equals TFLM byte for byte."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import quant, single
from tests.lib.proof import Rng, ints, many, pick, quantized, refused, sample, shape
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops.strided_slice.op import StridedSliceAttrs

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32, DType.BOOL)


def make(rng: Rng) -> Graph:
    dtype, size = pick(rng, TYPES), shape(rng, 1, 4)
    begin, end, stride, slices = [], [], [], []
    masks = [0, 0, 0]  # begin, end, shrink
    while True:
        begin, end, stride, slices, masks = [], [], [], [], [0, 0, 0]
        for axis, n in enumerate(size):
            low, high = int(rng.integers(-n - 2, n + 3)), int(rng.integers(-n - 2, n + 3))
            step = int(rng.choice([1, 1, 2, 3, -1, -2]))
            if rng.random() < 0.2:
                low, step = int(rng.integers(-n, n)), 1
                masks[2] |= 1 << axis
                slices.append(low)
            else:
                open_low, open_high = rng.random() < 0.3, rng.random() < 0.3
                masks[0] |= int(open_low) << axis
                masks[1] |= int(open_high) << axis
                slices.append(slice(None if open_low else low, None if open_high else high, step))
            begin.append(low)
            end.append(high)
            stride.append(step)
        after = np.empty(size)[tuple(slices)].shape
        if np.prod(after):
            break
    both = quantized(rng, dtype) if dtype in (DType.INT8, DType.INT16) else None
    bounds = [ints("begin", begin), ints("end", end), ints("strides", stride)]
    return single(
        "STRIDED_SLICE",
        [Tensor("x", size, dtype, both), *bounds],
        Tensor("y", after, dtype, both),
        StridedSliceAttrs(masks[0], masks[1], 0, 0, masks[2]),
    )


test_sample = sample(make, 30)
test_many = many(make, 200)


def graph(begin: list[int], end: list[int], strides: list[int], attrs: StridedSliceAttrs) -> Graph:
    x, y = (Tensor(name, (4, 5), DType.INT8, quant(0.1)) for name in "xy")
    return single(
        "STRIDED_SLICE", [x, ints("begin", begin), ints("end", end), ints("strides", strides)], y, attrs
    )


def test_refuses() -> None:
    refused(graph([0], [4], [1], StridedSliceAttrs()), "number of values in begin")
    refused(graph([0, 0], [4, 5], [1, 0], StridedSliceAttrs()), "stride")
    refused(graph([0, 0], [4, 5], [1, 1], StridedSliceAttrs(ellipsis_mask=1)), "ellipsis_mask")
    refused(graph([0, 0], [4, 5], [1, 1], StridedSliceAttrs(new_axis_mask=2)), "new_axis_mask")
    refused(graph([9, 0], [4, 5], [1, 1], StridedSliceAttrs(shrink_axis_mask=1)), "index along axis 0")
    refused(graph([1, 0], [4, 5], [-1, 1], StridedSliceAttrs(shrink_axis_mask=1)), "negative stride")
