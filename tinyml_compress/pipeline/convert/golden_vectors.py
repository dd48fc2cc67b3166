"""Golden vectors for a generated program: TensorFlow Lite Micro's outputs, or our own where it cannot say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.codegen.project import GoldenVectors
from tinyml_compress.errors import ModelError
from tinyml_compress.ir import Port, Program
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.vectors import Edge, edge, pattern, random

_MOST_BYTES = 64 * 1024
"""The vectors are C text that someone compiles: a few of a large input prove enough."""


def golden_vectors(model: bytes, program: Program, most_bytes: int = _MOST_BYTES) -> GoldenVectors:
    """The pattern of the baselines, the ends of the range, the zero point, random inputs; with their outputs.

    For a model with state they are one sequence, from its start on; a vector without a result has zeros for
    outputs.

    As many as fit into `most_bytes`, and at least one.
    """
    vectors = input_vectors(program.inputs, program.outputs, most_bytes)
    outputs, oracle = _outputs(model, program, vectors)
    blank = bytes(sum(port.nbytes for port in program.outputs))
    return GoldenVectors(
        tuple(_flat(vector) for vector in vectors),
        tuple(_flat(vector) or blank for vector in outputs),
        oracle,
    )


def input_vectors(
    inputs: Sequence[Port], outputs: Sequence[Port], most_bytes: int = _MOST_BYTES
) -> list[list[npt.NDArray[np.generic]]]:
    """The inputs of golden vectors: as many as fit into `most_bytes` with their outputs, and at least one."""
    rng = np.random.default_rng(0)
    vectors = [
        [pattern(port) for port in inputs],
        *([edge(port, which) for port in inputs] for which in (Edge.LOW, Edge.HIGH, Edge.ZERO)),
        *([random(port, rng) for port in inputs] for _ in range(2)),
    ]
    size = sum(port.nbytes for port in (*inputs, *outputs))
    return vectors[: max(1, most_bytes // max(size, 1))]


def tflm_vectors(model: bytes, vectors: Sequence[Sequence[npt.NDArray[np.generic]]]) -> GoldenVectors:
    """The vectors with TensorFlow Lite Micro's outputs; its refusal is raised."""
    outputs = tflm.run(model, vectors).outputs
    blank = bytes(max((len(_flat(row)) for row in outputs), default=0))  # for a row without a result
    return GoldenVectors(
        tuple(_flat(vector) for vector in vectors),
        tuple(_flat(row) or blank for row in outputs),
        "TensorFlow Lite Micro",
    )


def _outputs(
    model: bytes, program: Program, vectors: Sequence[Sequence[npt.NDArray[np.generic]]]
) -> tuple[list[list[npt.NDArray[np.generic]]], str]:
    why = "which is not installed here"
    if tflm.available():
        try:
            return tflm.run(model, vectors).outputs, "TensorFlow Lite Micro"
        except ModelError as error:
            why = f"which cannot run this model ({(error.found or error.what).strip().splitlines()[-1]})"
    ours = native.load([program])[0]
    return [ours.step(vector) or [] for vector in vectors], (
        f"this generated C on the host that made it, not TensorFlow Lite Micro, {why}"
    )


def _flat(arrays: Sequence[npt.NDArray[np.generic]]) -> bytes:
    return b"".join(
        np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays
    )
