"""What the interpreters' workers share: inputs and outputs described, and the way from real values and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, ModelError
from tinyml_compress.ir import Port

__all__ = ["Side", "dequantized", "quantized", "side_of", "side_of_port", "single_input"]

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Side:
    """One input or output of a model, as its interpreter describes it."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    scale: float | None
    """None: the tensor is not quantized."""
    zero_point: int


def side_of(details: Mapping[str, Any], name: str = "") -> Side:
    """From the dictionary that TensorFlow Lite's and TFLM's interpreters give."""
    quantization = details["quantization_parameters"]
    scales, zero_points = quantization["scales"], quantization["zero_points"]
    scale = float(scales[0]) if len(scales) else 0.0
    return Side(
        str(details.get("name", name)),
        tuple(int(size) for size in details["shape"]),
        np.dtype(details["dtype"]),
        scale or None,
        int(zero_points[0]) if len(zero_points) else 0,
    )


def side_of_port(port: Port) -> Side:
    """From an input or output of generated C."""
    if port.quant is None:
        return Side(port.name, port.shape, port.dtype.numpy, None, 0)
    return Side(port.name, port.shape, port.dtype.numpy, port.quant.scale, port.quant.zero_point)


def single_input(sides: Sequence[Side], sample: tuple[int, ...]) -> Side:
    """The one input of a model that is fed from a data set with samples of shape `sample`."""
    if len(sides) != 1:
        raise ModelError(
            "a data set feeds models with one input", found=f"{len(sides)}: {', '.join(side.name for side in sides)}"
        )
    (side,) = sides
    if not side.shape or side.shape[0] != 1:
        raise ModelError(
            "the model's batch size is not 1", found=f"input shape {side.shape}", next_step="convert it with batch 1"
        )
    if int(np.prod(side.shape)) != int(np.prod(sample)):
        raise DataError(
            "the data set is not of the model's input shape",
            found=f"samples of shape {sample}",
            allowed=f"{side.shape[1:]}",
        )
    return side


def quantized(values: Floats, side: Side) -> Array:
    """Real values as the tensor stores them: nearest, ties away from zero, saturated, like the generated C helpers."""
    if side.scale is None or side.dtype.kind == "f":
        if side.dtype.kind == "f":
            return values.astype(side.dtype)
        raise ModelError("an integer input has no scale", which=side.name, next_step="convert the model again")
    limits = np.iinfo(side.dtype.name)
    steps = values.astype(np.float64) / np.float32(side.scale)
    nearest = np.copysign(np.floor(np.abs(steps) + 0.5), steps) + side.zero_point
    return np.clip(nearest, limits.min, limits.max).astype(side.dtype)


def dequantized(stored: Array, side: Side) -> Floats:
    """Stored values as real ones."""
    if side.scale is None or side.dtype.kind == "f":
        return stored.astype(np.float32)
    return ((stored.astype(np.int64) - side.zero_point) * np.float32(side.scale)).astype(np.float32)
