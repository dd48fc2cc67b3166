"""What the engines share: inputs and outputs described, and the way from real values to stored
ones and back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, ModelError
from tinyml_compress.ir import DType, Quant

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
    span: tuple[int, int] | None = None


def side_of(details: Mapping[str, Any], name: str = "") -> Side:
    """From the dictionary that TensorFlow Lite's and TFLM's interpreters give."""
    quantization = details["quantization_parameters"]
    scales = tuple(float(scale) for scale in quantization["scales"])
    zero_points = tuple(int(zero) for zero in quantization["zero_points"])
    dtype = _dtype(np.dtype(details["dtype"]))
    return Side(
        str(details.get("name", name)),
        tuple(int(size) for size in details["shape"]),
        dtype,
        Quant(scales, zero_points).for_values(dtype) if scales and zero_points else None,
    )


def stored_inputs(sides: Sequence[Named], values: Sequence[Array]) -> list[list[Array]]:
    """A row of stored inputs per sample, from one array of real values per input: `(count, *sample)` each."""
    if len(values) != len(sides):
        raise ModelError(
            "the samples do not fill the model's inputs",
            found=f"{len(values)} arrays",
            allowed=f"{len(sides)}: {', '.join(side.name for side in sides)}",
            next_step="name the arrays of the .npz input_NAME, one per input of the model",
        )
    columns = [
        quantized(np.asarray(array, dtype=np.float32), side).reshape(len(array), *_checked_shape(side, array))
        for side, array in zip(sides, values, strict=True)
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _checked_shape(side: Named, array: Array) -> tuple[int, ...]:
    """The input's shape, which a sample of `array` must fill."""
    if not side.shape or side.shape[0] != 1:
        raise ModelError(
            "the model's batch size is not 1",
            which=side.name,
            found=f"input shape {side.shape}",
            next_step="convert it with batch 1",
        )
    if int(np.prod(side.shape)) != int(np.prod(array.shape[1:])):
        raise DataError(
            "the data set is not of the model's input shape",
            which=side.name,
            found=f"samples of shape {array.shape[1:]}",
            allowed=f"{side.shape[1:]}",
        )
    return side.shape


def quantized(values: Floats, side: Named) -> Array:
    """Real values as the tensor stores them: nearest, ties away from zero, saturated, like the generated C
    helpers.
    """
    if side.dtype.is_float:
        return values.astype(side.dtype.numpy)
    if side.quant is None:
        return _whole(values, side)
    limits = np.iinfo(side.dtype.numpy.name)
    steps = values.astype(np.float64) / np.float32(side.quant.scale)
    nearest = np.copysign(np.floor(np.abs(steps) + 0.5), steps) + side.quant.zero_point
    return np.clip(nearest, limits.min, limits.max).astype(side.dtype.numpy)


def _whole(values: Floats, side: Named) -> Array:
    """Numbers of words or of places in a table, which have no scale."""
    low, high = (0, 1) if side.dtype is DType.BOOL else _limits(side.dtype)
    wrong = (values != np.floor(values)) | (values < low) | (values > high)
    if wrong.any():
        raise DataError(
            "the model's input takes whole numbers",
            which=side.name,
            found=f"{values[wrong].flat[0]:g}",
            allowed=f"whole numbers from {low} to {high}",
            next_step=(
                "give the numbers as they are, without scaling, or convert the "
                "model again if it lost its scale"
            ),
        )
    return values.astype(side.dtype.numpy)


def _limits(dtype: DType) -> tuple[int, int]:
    limits = np.iinfo(dtype.numpy.name)
    return int(limits.min), int(limits.max)


def dequantized(stored: Array, side: Named) -> Floats:
    """Stored values as real ones; integers without a scale are counts or indices and stay what they are."""
    if side.dtype.is_float or side.quant is None:
        return stored.astype(np.float32)
    return ((stored.astype(np.int64) - side.quant.zero_point) * np.float32(side.quant.scale)).astype(
        np.float32
    )


def _dtype(kind: np.dtype[np.generic]) -> DType:
    for dtype in DType:
        if dtype is not DType.INT4 and dtype.numpy == kind:
            return dtype
    raise ModelError("an input or output has a type that the tool does not know", found=kind)
