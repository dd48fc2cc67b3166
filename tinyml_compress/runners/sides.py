"""What the engines share: inputs and outputs described, and the way from real values to stored ones and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, ModelError
from tinyml_compress.ir import DType, Quant

__all__ = ["Side", "dequantized", "quantized", "side_of", "single_input"]

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]


class Named(Protocol):
    """An input or output of a model: a Side or a Port."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> DType: ...
    @property
    def quant(self) -> Quant | None: ...


@dataclass(frozen=True)
class Side:
    """One input or output of a model, as its interpreter describes it."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None


def side_of(details: Mapping[str, Any], name: str = "") -> Side:
    """From the dictionary that TensorFlow Lite's and TFLM's interpreters give."""
    quantization = details["quantization_parameters"]
    scales = tuple(float(scale) for scale in quantization["scales"])
    zero_points = tuple(int(zero) for zero in quantization["zero_points"])
    return Side(
        str(details.get("name", name)),
        tuple(int(size) for size in details["shape"]),
        _dtype(np.dtype(details["dtype"])),
        Quant(scales, zero_points) if scales and scales[0] else None,
    )


def single_input(sides: Sequence[Named], sample: tuple[int, ...]) -> Named:
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


def quantized(values: Floats, side: Named) -> Array:
    """Real values as the tensor stores them: nearest, ties away from zero, saturated, like the generated C helpers."""
    if side.dtype.is_float:
        return values.astype(side.dtype.numpy)
    if side.quant is None:
        raise ModelError("an integer input has no scale", which=side.name, next_step="convert the model again")
    limits = np.iinfo(side.dtype.numpy.name)
    steps = values.astype(np.float64) / np.float32(side.quant.scale)
    nearest = np.copysign(np.floor(np.abs(steps) + 0.5), steps) + side.quant.zero_point
    return np.clip(nearest, limits.min, limits.max).astype(side.dtype.numpy)


def dequantized(stored: Array, side: Named) -> Floats:
    """Stored values as real ones; integers without a scale are counts or indices and stay what they are."""
    if side.dtype.is_float or side.quant is None:
        return stored.astype(np.float32)
    return ((stored.astype(np.int64) - side.quant.zero_point) * np.float32(side.quant.scale)).astype(np.float32)


def _dtype(found: np.dtype[np.generic]) -> DType:
    for dtype in DType:
        if dtype is not DType.INT4 and dtype.numpy == found:
            return dtype
    raise ModelError("an input or output has a type that the tool does not know", found=found)
