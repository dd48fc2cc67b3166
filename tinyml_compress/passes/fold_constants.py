"""Nodes that have only constant inputs are computed now, where that is exact and does not cost more flash."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, Graph, Node, Tensor
from tinyml_compress.ops.numerics import dtype_range

__all__ = ["fold_constants"]

Array = npt.NDArray[np.generic]
_MOST_BYTES = 1 << 20
"""A folded constant lies in flash; a PAD of a small constant could ask for gigabytes."""


def fold_constants(graph: Graph) -> Graph:
    """Replace each node of constants by its value."""
    tensors = dict(graph.tensors)
    kept: list[Node] = []
    for node in graph.nodes:
        value = _value(tensors, node)
        if value is None:
            kept.append(node)
        else:
            value.setflags(write=False)
            tensors[node.outputs[0]] = replace(tensors[node.outputs[0]], data=value)
    if len(kept) == len(graph.nodes):
        return graph
    return graph.rebuilt(nodes=tuple(kept), tensors=tensors)


def _value(tensors: dict[str, Tensor], node: Node) -> Array | None:
    """The output's value, or None to leave the node as it is."""
    inputs = [tensors[name] for name in node.inputs if name is not None]
    if node.op not in _FOLDED or len(node.outputs) != 1 or any(tensor.data is None for tensor in inputs):
        return None
    out = tensors[node.outputs[0]]
    if out.nbytes > _MOST_BYTES:
        return None
    value = _FOLDED[node.op](inputs, out)
    if value is None or value.shape != out.shape or value.dtype != out.dtype.numpy:
        return None
    return np.ascontiguousarray(value).reshape(out.shape)


def _reshaped(inputs: Sequence[Tensor], out: Tensor) -> Array:
    return inputs[0].constant.reshape(out.shape)


def _transposed(inputs: Sequence[Tensor], out: Tensor) -> Array:
    return np.transpose(inputs[0].constant, tuple(int(axis) for axis in inputs[1].constant.reshape(-1)))


def _dequantized(inputs: Sequence[Tensor], out: Tensor) -> Array | None:
    # The kernel multiplies in double, by the scale that float32 holds, and rounds once.
    quant = inputs[0].quant
    if quant is None or quant.per_channel:
        return None
    real = quant.scale * (inputs[0].constant.astype(np.float64) - quant.zero_point)
    if np.abs(real).max(initial=0.0) > np.finfo(np.float32).max:
        return None
    return real.astype(np.float32)


def _quantized(inputs: Sequence[Tensor], out: Tensor) -> Array | None:
    # From float only: the kernel divides in float32 and rounds ties away from zero.
    quant = out.quant
    if inputs[0].dtype is not DType.FLOAT32 or out.dtype not in (DType.INT8, DType.INT16) or quant is None:
        return None
    low, high = dtype_range(out.dtype)
    with np.errstate(all="ignore"):
        ratio = np.divide(inputs[0].constant.astype(np.float32), np.float32(quant.scale)).astype(np.float64)
    if quant.per_channel or not bool(np.abs(ratio).max(initial=0.0) < math.ldexp(1.0, 30)):
        return None
    rounded = np.copysign(np.floor(np.abs(ratio) + 0.5), ratio) + quant.zero_point
    stored: Array = np.clip(rounded, low, high).astype(out.dtype.numpy)
    return stored


_FOLDED: dict[str, Callable[[Sequence[Tensor], Tensor], Array | None]] = {
    "DEQUANTIZE": _dequantized,
    "EXPAND_DIMS": _reshaped,
    "QUANTIZE": _quantized,
    "RESHAPE": _reshaped,
    "SQUEEZE": _reshaped,
    "TRANSPOSE": _transposed,
}
"""What is common in converted files as a node of constants; all else stays, and is computed on the device."""
