"""Element types and quantization of tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np


class DType(Enum):
    """Element type of a tensor. The value is the name in the text form."""

    INT4 = "i4"
    INT8 = "i8"
    UINT8 = "u8"
    INT16 = "i16"
    UINT16 = "u16"
    INT32 = "i32"
    UINT32 = "u32"
    INT64 = "i64"
    UINT64 = "u64"
    BOOL = "bool"
    FLOAT16 = "f16"
    FLOAT32 = "f32"
    FLOAT64 = "f64"
    RESOURCE = "resource"
    """The name of a variable, as VAR_HANDLE gives it; no kernel sees one."""

    @property
    def numpy(self) -> np.dtype[np.generic]:
        """The numpy type that holds one element (int4 is held unpacked, one per int8)."""
        return _NUMPY[self]

    @property
    def itemsize(self) -> int:
        """Bytes one element takes in RAM (unpacked)."""
        return self.numpy.itemsize

    @property
    def ctype(self) -> str:
        """The C type of one element."""
        return _CTYPE[self]

    @property
    def is_float(self) -> bool:
        return self in (DType.FLOAT16, DType.FLOAT32, DType.FLOAT64)


_NUMPY: dict[DType, np.dtype[np.generic]] = {
    DType.INT4: np.dtype(np.int8),
    DType.INT8: np.dtype(np.int8),
    DType.UINT8: np.dtype(np.uint8),
    DType.INT16: np.dtype(np.int16),
    DType.UINT16: np.dtype(np.uint16),
    DType.INT32: np.dtype(np.int32),
    DType.UINT32: np.dtype(np.uint32),
    DType.INT64: np.dtype(np.int64),
    DType.UINT64: np.dtype(np.uint64),
    DType.BOOL: np.dtype(np.bool_),
    DType.FLOAT16: np.dtype(np.float16),
    DType.FLOAT32: np.dtype(np.float32),
    DType.FLOAT64: np.dtype(np.float64),
    DType.RESOURCE: np.dtype(np.int32),
}
_CTYPE: dict[DType, str] = {
    DType.INT4: "int8_t",
    DType.INT8: "int8_t",
    DType.UINT8: "uint8_t",
    DType.INT16: "int16_t",
    DType.UINT16: "uint16_t",
    DType.INT32: "int32_t",
    DType.UINT32: "uint32_t",
    DType.INT64: "int64_t",
    DType.UINT64: "uint64_t",
    DType.BOOL: "uint8_t",
    DType.FLOAT16: "uint16_t",
    DType.FLOAT32: "float",
    DType.FLOAT64: "double",
    DType.RESOURCE: "int32_t",
}


@dataclass(frozen=True)
class Quant:
    """real = scale * (stored - zero_point); one pair, or one per slice along `axis`.

    As the file has it: only what an operator reads need make sense (most read the first pair alone).
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None = None

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    def for_values(self, dtype: DType) -> Quant | None:
        """The first pair, by which real values become stored ones and back; None where it makes no sense."""
        bits = 8 * min(dtype.itemsize, 4)
        low, high = (0, 1 << bits) if dtype.numpy.kind == "u" else (-(1 << (bits - 1)), 1 << (bits - 1))
        sound = math.isfinite(self.scale) and self.scale > 0.0 and low <= self.zero_point < high
        return Quant(self.scales[:1], self.zero_points[:1]) if sound else None

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantization."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantization."""
        return self.zero_points[0]
