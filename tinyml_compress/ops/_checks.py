"""Checks that operators share: each raises UnsupportedOperator with what was found and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tinyml_compress.errors import CollapsedRange
from tinyml_compress.ir import DType, NodeView, Quant, Tensor
from tinyml_compress.ops.base import refuse
from tinyml_compress.ops.numerics import Activation, Fused

_LARGEST_STEP = (1 << 15) - 1


def arity(view: NodeView, inputs: int | Sequence[int], outputs: int = 1) -> None:
    """The node has that many inputs, all there, and outputs."""
    allowed = (inputs,) if isinstance(inputs, int) else tuple(inputs)
    count = len(view.node.inputs)
    if count not in allowed or any(name is None for name in view.node.inputs):
        there = sum(name is not None for name in view.node.inputs)
        raise refuse(
            view,
            "wrong number of inputs",
            found=f"{there} of {count}",
            allowed=" or ".join(map(str, allowed)),
        )
    if len(view.node.outputs) != outputs:
        raise refuse(view, "wrong number of outputs", found=len(view.node.outputs), allowed=outputs)


def dtypes(view: NodeView, tensor: Tensor, allowed: Sequence[DType], what: str = "") -> DType:
    """The tensor's element type, one of `allowed`."""
    if tensor.dtype not in allowed:
        raise refuse(
            view,
            f"element type of {what or f'tensor {tensor.name}'}",
            found=tensor.dtype.value,
            allowed=", ".join(dtype.value for dtype in allowed),
            next_step="convert the model to full-integer quantization" if tensor.dtype.is_float else None,
        )
    return tensor.dtype


def one_type(view: NodeView, allowed: Sequence[DType], *inputs: int, what: str = "") -> DType:
    """The element type, one of `allowed`, that these inputs (without any the first) and all outputs have."""
    first, *others = inputs or (0,)
    dtype = dtypes(view, view.input(first), allowed, what)
    outputs = map(view.output, range(len(view.node.outputs)))
    for tensor in (*map(view.input, others), *outputs):
        dtypes(view, tensor, (dtype,))
    return dtype


def quantizations(view: NodeView, *tensors: Tensor) -> tuple[Quant, ...]:
    """Those of quantized tensors; where they are of 16 bits, their zero points are 0."""
    quants = tuple(quantization(view, tensor) for tensor in tensors)
    for tensor, quant in zip(tensors, quants, strict=True):
        if tensor.dtype is DType.INT16 and quant.zero_point != 0:
            raise refuse(view, "zero point of an int16 tensor", found=quant.zero_point, allowed=0)
    return quants


def quantization(view: NodeView, tensor: Tensor) -> Quant:
    """The first pair of a quantized tensor, sound for its type; what follows it is not read, here nor by
    TFLM.
    """
    quant = tensor.quant
    if quant is None or not quant.scales:
        raise refuse(
            view,
            f"tensor {tensor.name} has no quantization",
            found="none",
            allowed="one scale and one zero point",
            next_step="convert the model again with a representative data set",
        )
    if not (math.isfinite(quant.scale) and quant.scale > 0.0):
        raise refuse(view, f"scale of tensor {tensor.name}", found=quant.scale, allowed="finite and above 0")
    bits = 8 * tensor.dtype.itemsize
    low, high = (
        (0, (1 << bits) - 1) if tensor.dtype is DType.UINT8 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    )
    if not low <= quant.zero_point <= high:
        raise refuse(
            view, f"zero point of tensor {tensor.name}", found=quant.zero_point, allowed=f"{low} to {high}"
        )
    return quant


def same_quantization(view: NodeView, first: Tensor, second: Tensor) -> None:
    """Both tensors have one scale and zero point (where they are quantized at all)."""
    pair = tuple(
        None if tensor.quant is None else (tensor.quant.scales[:1], tensor.quant.zero_points[:1])
        for tensor in (first, second)
    )
    if pair[0] != pair[1]:
        raise refuse(
            view,
            f"tensors {first.name} and {second.name} must have the same scale and zero point",
            found=f"{pair[0]} and {pair[1]}",
            allowed="equal ones",
            next_step="insert a QUANTIZE, or convert the model again",
        )


def constant_ints(view: NodeView, index: int, what: str) -> tuple[int, ...]:
    """The values of an integer input that must be a constant."""
    tensor = view.input(index)
    dtypes(view, tensor, (DType.INT32, DType.INT64), what)
    if tensor.data is None:
        raise refuse(
            view,
            f"{what} is computed at run time",
            found=f"tensor {tensor.name}",
            allowed="a constant",
            next_step="fix all shapes (batch size included) before converting",
        )
    return tuple(int(value) for value in np.asarray(tensor.data).reshape(-1))


def full_rank(view: NodeView, tensor: Tensor, most: int, least: int = 0) -> int:
    """The tensor's rank, within bounds."""
    rank = len(tensor.shape)
    if not least <= rank <= most:
        raise refuse(view, f"rank of tensor {tensor.name}", found=rank, allowed=f"{least} to {most}")
    return rank


def step(view: NodeView, what: str, value: int) -> None:
    """Of a convolution: a stride or a dilation, of which TensorFlow Lite Micro keeps sixteen bits."""
    if not 1 <= value <= _LARGEST_STEP:
        raise refuse(view, what, found=value, allowed=f"1 to {_LARGEST_STEP}")


def normal_axis(view: NodeView, axis: int, rank: int) -> int:
    """A possibly negative axis as one in [0, rank)."""
    if not -rank <= axis < rank:
        raise refuse(view, "axis out of range", found=axis, allowed=f"{-rank} to {rank - 1}")
    return axis % rank if rank else 0


def one_axis(view: NodeView, index: int, rank: int) -> int:
    """The axis that a constant input names, as one in [0, rank)."""
    axes = constant_ints(view, index, "the axis")
    if len(axes) != 1:
        raise refuse(view, "number of axes", found=len(axes), allowed=1)
    return normal_axis(view, axes[0], rank)


def not_empty(view: NodeView, tensor: Tensor, what: str = "input") -> None:
    if 0 in tensor.shape:
        raise refuse(view, f"empty {what}", found=tensor.shape, allowed="at least one element")


def no_activation(view: NodeView) -> None:
    """Nothing is fused into the node."""
    activation = view.attrs(Fused).activation
    if activation is not Activation.NONE:
        raise refuse(view, "fused activation", found=activation.name, allowed="NONE")


def collapsed(view: NodeView, what: str, *, found: object, allowed: str) -> CollapsedRange:
    """The error to raise where TensorFlow Lite Micro itself aborts: `what` of the node has next
    to no range.
    """
    error = refuse(view, f"{what} hardly varies, and TensorFlow Lite Micro aborts on such a scale")
    return CollapsedRange(
        error.what,
        which=error.which,
        found=found,
        allowed=allowed,
        next_step="is the model trained? With fresh weights its outputs hardly depend on its inputs; "
        "else calibrate with other data",
    )


def shift(view: NodeView, power: int) -> None:
    """A multiplier's shift lies within a 32-bit word."""
    if power > 30:
        raise refuse(
            view,
            "ratio of input to output scale",
            found=f"about 2^{power}",
            allowed="below 2^30",
            next_step="check the calibration data: the output's range is far too small",
        )


def six_fits(view: NodeView, quant: Quant) -> None:
    """The number 6, the largest bound of an activation, is a 32-bit number of steps of that scale."""
    if 6.0 / quant.scale >= 2.0**31 - 128.0:
        raise refuse(view, "scale too small for its activation", found=quant.scale, allowed="above 2.8e-9")


def steps_fit(view: NodeView, source: Quant, target: Quant) -> None:
    """Every input value is a 32-bit number of output steps, and float32 holds what lies on the way."""
    if source.scale > 1e30 or target.scale < 1e-30 or 512.0 * source.scale / target.scale >= 2.0**31:
        raise refuse(
            view,
            "scales of input and output",
            found=f"{source.scale:g} and {target.scale:g}",
            allowed="a ratio below 4 million, within 1e-30 to 1e30",
            next_step="check the calibration data: one of the ranges looks broken",
        )
