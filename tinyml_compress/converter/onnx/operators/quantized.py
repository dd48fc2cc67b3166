"""Operators that round to integers: pairs of QuantizeLinear and DequantizeLinear keep their scales."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tinyml_compress.converter.onnx.call import Builder, OnnxCall, on_grid
from tinyml_compress.converter.onnx.values import OnnxGrid, OnnxValue

_LIMITS = {"uint8": (0, 255), "int8": (-128, 127), "int32": (-(2**31), 2**31 - 1), "int16": (-32768, 32767),
           "uint16": (0, 65535)}  # fmt: skip


def _grid(call: OnnxCall, dtype: Any, rank: int) -> OnnxGrid:
    scale = call.constant(1).astype(np.float32)
    zero = call.constant(2) if call.has(2) else np.zeros(scale.shape, np.uint8)
    dtype = np.dtype(dtype or zero.dtype).name
    if dtype not in _LIMITS:
        raise call.refused(f"integers of {dtype}", ", ".join(_LIMITS))
    if scale.ndim > 1:
        raise call.refused("a scale per block", "one scale, or one per channel")
    if not np.all(scale > 0):
        raise call.refused("a scale that is not above zero")
    axis = call.axis(call.attribute("axis", 1), rank) if scale.size > 1 else None
    low, high = _LIMITS[dtype]
    return OnnxGrid(scale.reshape(-1), zero.astype(np.int64).reshape(-1), low, high, axis)


def _quantize(call: OnnxCall) -> OnnxValue:
    value = call.raw(0)
    grid = _grid(call, None, value.rank)
    return replace(value, grid=grid, whole=True)


def _dequantize(call: OnnxCall) -> OnnxValue:
    tf, value = call.tf, call.raw(0)
    if value.whole and value.grid is not None:  # what a QuantizeLinear left as it was
        if value.is_constant or not call.rounds:
            return replace(value, grid=value.grid if value.is_constant and call.rounds else None, whole=False)
        if value.grid.axis is not None:
            raise call.refused("a scale per channel of a computed value", "one scale")
        return replace(value, tensor=on_grid(tf, value.tensor, value.grid), grid=None, whole=False)
    dtype = tf.as_dtype(value.tensor.dtype).as_numpy_dtype
    grid = _grid(call, dtype, value.rank)
    scale, zero = grid.scale, grid.zero.astype(np.float32)
    if grid.axis is not None:
        shape = [1] * value.rank
        shape[value.order.index(grid.axis)] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    else:
        scale, zero = scale.reshape(()), zero.reshape(())
    if not value.is_constant:
        return value.with_tensor((tf.cast(value.tensor, tf.float32) - zero) * scale)
    real = ((value.tensor.astype(np.float64) - zero) * scale).astype(np.float32)
    keeps = call.rounds and dtype in (np.int8, np.uint8)  # a bias of 32 bits has the scale of its product
    if keeps and dtype == np.int8 and np.all(grid.zero == 0) and value.tensor.min(initial=0) > -128:
        grid = replace(grid, low=-127)
    return replace(value, tensor=real, grid=grid if keeps else None)


OPERATORS: dict[str, Builder] = {"QuantizeLinear": _quantize, "DequantizeLinear": _dequantize}
