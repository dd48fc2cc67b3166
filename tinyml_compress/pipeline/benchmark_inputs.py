"""Input vectors for a benchmark: a fixed pattern, zeros, seeded noise, or samples of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress import data
from tinyml_compress.ir import Port
from tinyml_compress.runners.sides import quantized, single_input

__all__ = ["KINDS", "Vectors", "make_vectors"]

Array = npt.NDArray[np.generic]
KINDS = ("pattern", "zeros", "random")


@dataclass(frozen=True)
class Vectors:
    """The same inputs in two forms: as the interpreter takes them, and as bytes in the arena."""

    arrays: list[list[Array]]
    raw: list[tuple[bytes, ...]]


def make_vectors(ports: Sequence[Port], kind: str, count: int, seed: int) -> Vectors:
    """`count` vectors: the first of that kind, further ones seeded noise; of a data set, its first samples."""
    if kind in KINDS:
        rng = np.random.default_rng(seed)
        arrays = [[_made(port, kind if number == 0 else "random", rng) for port in ports] for number in range(count)]
    else:
        samples = data.load(kind)
        side = single_input([port for port in ports], samples.sample_shape)
        taken = quantized(samples.inputs[:count], side)
        arrays = [[sample.reshape(ports[0].shape)] for sample in taken]
    return Vectors(arrays, [tuple(np.ascontiguousarray(value).tobytes() for value in row) for row in arrays])


def _made(port: Port, kind: str, rng: np.random.Generator) -> Array:
    dtype, size = port.dtype.numpy, int(np.prod(port.shape, dtype=np.int64))
    if kind == "zeros":
        flat: Array = np.zeros(size, dtype)
    elif port.dtype.is_float:
        # Arbitrary bytes would hold NaNs: the same pattern as numbers from 0 to 1.
        numbers = (np.arange(size) * 37 + 11) % 256 if kind == "pattern" else rng.integers(0, 256, size)
        flat = (numbers / 255).astype(dtype)
    elif dtype == np.bool_:
        flat = (np.arange(size) * 37 + 11) % 2 == 0 if kind == "pattern" else rng.integers(0, 2, size) == 1
    else:
        octets = np.arange(size * dtype.itemsize, dtype=np.int64) * 37 + 11
        noise = rng.integers(0, 256, size * dtype.itemsize)
        flat = (octets if kind == "pattern" else noise).astype(np.uint8).view(dtype)
    return flat.reshape(port.shape)
