"""Input vectors for a benchmark: the pattern, zeros, seeded noise, or samples of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress import data
from tinyml_compress.ir import Port
from tinyml_compress.pipeline.evaluate.model_inputs import arrays_for
from tinyml_compress.runners.sides import stored_inputs
from tinyml_compress.runners.vectors import pattern, random

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Vectors:
    """The same inputs in two forms: as the interpreter takes them, and as bytes in the arena."""

    arrays: list[list[Array]]
    raw: list[tuple[bytes, ...]]


def make_vectors(ports: Sequence[Port], kind: str, count: int, seed: int) -> Vectors:
    """`count` vectors: the first of that kind, further ones seeded noise; of a data set, its
    first samples.
    """
    rng = np.random.default_rng(seed)
    match kind:
        case "pattern":
            first = [pattern(port) for port in ports]
        case "zeros":
            first = [np.zeros(port.shape, port.dtype.numpy) for port in ports]
        case "random":
            first = [random(port, rng) for port in ports]
        case _:
            return _in_bytes(_samples(ports, kind, count))
    return _in_bytes([first, *([random(port, rng) for port in ports] for _ in range(count - 1))])


def _samples(ports: Sequence[Port], spec: str, count: int) -> list[list[Array]]:
    samples = data.load(spec)
    return stored_inputs(ports, [array[:count] for array in arrays_for(samples, ports)])


def _in_bytes(arrays: list[list[Array]]) -> Vectors:
    return Vectors(arrays, [tuple(np.ascontiguousarray(value).tobytes() for value in row) for row in arrays])
