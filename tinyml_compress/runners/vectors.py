"""Input vectors for any engine: the pattern of the baselines, the edges of the range, seeded random ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, Quant

Array = npt.NDArray[np.generic]


class Input(Protocol):
    """What is asked of an input: a Tensor or a Port."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> DType: ...
    @property
    def quant(self) -> Quant | None: ...
    @property
    def span(self) -> tuple[int, int] | None: ...


class Edge(Enum):
    """Inputs at the ends of the range."""

    LOW = "low"
    HIGH = "high"
    ZERO = "zero"
    """The zero point everywhere."""
    RAMP = "ramp"
    """Every value of the range in turn."""


def pattern(tensor: Input) -> Array:
    """Byte i is (i*37 + 11) & 0xff; float inputs hold that byte over 255, places in a table the
    next of them.
    """
    size = int(np.prod(tensor.shape, dtype=np.int64))
    if tensor.span is not None:
        low, high = tensor.span
        picks = low + _bytes(size).astype(np.int64) % (high - low + 1)
        return np.asarray(picks, tensor.dtype.numpy).reshape(tensor.shape)
    if tensor.dtype.is_float:
        return (_bytes(size).astype(np.float32) / 255).astype(tensor.dtype.numpy).reshape(tensor.shape)
    if tensor.dtype.numpy == np.bool_:
        return (_bytes(size) & 1).astype(np.bool_).reshape(tensor.shape)
    whole: Array = np.frombuffer(_bytes(size * tensor.dtype.itemsize).tobytes(), tensor.dtype.numpy)
    return whole.reshape(tensor.shape)


def _bytes(count: int) -> npt.NDArray[np.uint8]:
    return ((np.arange(count, dtype=np.int64) * 37 + 11) & 0xFF).astype(np.uint8)


def edge(tensor: Input, which: Edge) -> Array:
    """All elements at one end, at the zero point, or running through the range; for floats, far out."""
    if tensor.dtype.is_float:
        value = {Edge.LOW: -3e3, Edge.HIGH: 3e3, Edge.ZERO: 0.0, Edge.RAMP: 0.5}[which]
        return np.full(tensor.shape, value, tensor.dtype.numpy)
    if tensor.dtype.numpy == np.bool_:
        return np.full(tensor.shape, which in (Edge.HIGH, Edge.RAMP), np.bool_)
    low, high = _range(tensor)
    if which is Edge.RAMP:
        size = int(np.prod(tensor.shape, dtype=np.int64))
        ramp = np.arange(size, dtype=np.int64) * 37 % (high - low + 1) + low
        return np.asarray(ramp, tensor.dtype.numpy).reshape(tensor.shape)
    zero = tensor.quant.zero_point if tensor.quant is not None else max(low, 0)
    value = {Edge.LOW: low, Edge.HIGH: high, Edge.ZERO: zero}[which]
    return np.full(tensor.shape, value, tensor.dtype.numpy)


def random(tensor: Input, rng: np.random.Generator) -> Array:
    """Uniform over the whole range of an integer type; normal at a random scale for floats."""
    if tensor.dtype.is_float:
        return (rng.standard_normal(tensor.shape) * float(rng.choice([0.1, 1.0, 30.0]))).astype(
            tensor.dtype.numpy
        )
    if tensor.dtype.numpy == np.bool_:
        return rng.integers(0, 2, tensor.shape).astype(np.bool_)
    low, high = _range(tensor)
    wide = np.uint64 if tensor.dtype is DType.UINT64 else np.int64
    return rng.integers(low, high, tensor.shape, wide, endpoint=True).astype(tensor.dtype.numpy)


def mixed(inputs: Sequence[Input], seed: int, count: int) -> Iterator[list[Array]]:
    """All edges, then `count` random vectors; each vector is one array per input."""
    for which in Edge:
        yield [edge(tensor, which) for tensor in inputs]
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield [random(tensor, rng) for tensor in inputs]


def _range(tensor: Input) -> tuple[int, int]:
    if tensor.span is not None:
        return tensor.span
    bits = 8 * tensor.dtype.itemsize
    return (0, 2**bits - 1) if tensor.dtype.numpy.kind == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
