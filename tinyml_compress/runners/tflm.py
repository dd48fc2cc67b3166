"""TensorFlow Lite Micro through its interpreter: the oracle for every byte, and the measure of its arena.

The interpreter is C++ that aborts the process on some hostile files, so `run`, `predict` and `arena_bytes`
work in a subprocess; `Interpreter` is the in-process form for models that are known to be sound (tests, many
small models).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from flatbuffers.table import Table

from tinyml_compress.errors import DataError, MissingDependency, ModelError
from tinyml_compress.formats.inside import inside
from tinyml_compress.runners._worker import ModelJob, ask, named, serve, vectors_of
from tinyml_compress.runners.sides import dequantized, side_of, stored_inputs
from tinyml_compress.support.worker import Reply

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
_DEFAULT_ARENA = 16 << 20
_ARENAS = (_DEFAULT_ARENA, 256 << 20, 1 << 30)
_TIMEOUT = 300.0
_ABORTED = 15
"""The status with which an operator ends an inference early: CIRCULAR_BUFFER between two results."""
_NAME = "TensorFlow Lite Micro"
# Places in the vtables of Model and SubGraph: 4 + 2 * the field's number in the schema.
_SUBGRAPHS, _INPUTS, _OUTPUTS = 8, 6, 8
_ARENA_TOO_SMALL = re.compile(
    r"missing: \d+|[Ff]ailed to allocate (tail |head )?memory|Arena size is too small|exceeds arena"
)


def available() -> bool:
    """Whether the tflite-micro package is installed here (Linux x86-64 only)."""
    from importlib.util import find_spec

    return find_spec("tflite_micro") is not None


def require() -> None:
    """Raise MissingDependency, saying which proof is missing, where TFLM is not installed."""
    if not available():
        raise MissingDependency(
            "TensorFlow Lite Micro is not installed: no proof against it and no figure of its arena",
            which="tflite-micro",
            allowed="Linux on x86-64",
            next_step="run this proof on such a machine; the rest of the tool works without it",
        )


class Interpreter:
    """One model under TFLM, in this process. Only for models that are known to be sound."""

    def __init__(self, model: bytes, arena_size: int = _DEFAULT_ARENA) -> None:
        require()
        from tflite_micro import runtime

        try:
            self._interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_size)
        except (
            Exception
        ) as error:  # the binding reads the file's header in Python: struct.error, IndexError, ...
            raise ModelError(
                f"{_NAME} refuses the model", found=f"{type(error).__name__}: {error}"
            ) from error
        inputs, outputs = _counts(model)
        details = self._interpreter.get_input_details, self._interpreter.get_output_details
        self.inputs = tuple(side_of(details[0](index), f"input {index}") for index in range(inputs))
        self.outputs = tuple(side_of(details[1](index), f"output {index}") for index in range(outputs))

    def invoke(self, inputs: Sequence[Array]) -> list[Array]:
        """Outputs for one set of inputs, in the model's order; arrays have the model's dtypes and shapes.

        State that the model keeps goes on from the call before.
        """
        outputs = self.step(inputs)
        if outputs is None:
            raise DataError(
                "the model has no result for these inputs yet",
                which=_NAME,
                next_step="it takes several inferences until there is one: feed it frame by frame",
            )
        return outputs

    def step(self, inputs: Sequence[Array]) -> list[Array] | None:
        """Like `invoke`, but None when the model took the inputs in and waits for more."""
        for index, value in enumerate(inputs):
            try:
                self._interpreter.set_input(value, index)
            except (ValueError, IndexError) as error:
                raise DataError(
                    f"{_NAME} cannot take the input", which=f"input {index}", found=error
                ) from error
        try:
            status = self._interpreter.invoke()
        except RuntimeError as error:
            raise ModelError(f"{_NAME} failed while it ran the model", found=error) from error
        if status == _ABORTED:
            return None
        return [np.array(self._interpreter.get_output(index)) for index in range(len(self.outputs))]

    def reset(self) -> None:
        """Variables back to their start."""
        self._interpreter.reset()

    def print_allocations(self) -> None:
        """What the arena holds, on standard output."""
        self._interpreter.print_allocations()


@dataclass(frozen=True)
class TflmResult:
    """What a subprocess run gives: per vector the list of outputs (empty where the model has no result yet),
    and the arena's use in bytes."""

    outputs: list[list[Array]]
    arena_bytes: int


def arena_bytes(model: bytes) -> int:
    """Arena that TFLM's interpreter uses for this model: head + tail, exact for this build of
    TFLM (64-bit).
    """
    return run(model, []).arena_bytes


def run(model: bytes, vectors: Sequence[Sequence[Array]]) -> TflmResult:
    """Run `vectors` (each a list of inputs, in the model's types) in a subprocess of its own.

    A model with state takes them as one sequence, from its start on.
    """
    reply = _asked(model, {"vectors": len(vectors)}, named(vectors, "in"))
    return TflmResult(vectors_of(reply.arrays, "out", len(vectors)), _arena_of(reply))


def predict(model: bytes, *inputs: Floats) -> Floats:
    """The first output in real values for each sample; one array of real values per input.

    State is reset between the samples.
    """
    reply = _asked(model, {"predict": len(inputs)}, named([inputs], "in"))
    return np.asarray(reply.arrays["outputs"], dtype=np.float32)


def _asked(model: bytes, options: Mapping[str, Any], arrays: Mapping[str, Array]) -> Reply:
    require()
    model = inside(model)
    for size in _ARENAS:
        try:
            return ask(__name__, _NAME, ModelJob(model, {**options, "arena": size}, arrays), _TIMEOUT)
        except ModelError as error:
            if not _ARENA_TOO_SMALL.search(error.found or ""):
                raise
    raise ModelError(
        f"the model needs more memory than {_NAME} is given here",
        allowed=f"an arena of {_ARENAS[-1] >> 20} MiB",
        next_step="no microcontroller has as much: take a smaller model",
    )


def _arena_of(reply: Reply) -> int:
    total = re.search(r"Arena allocation total (\d+) bytes", reply.log)
    if total is None:
        raise ModelError(f"{_NAME} did not report its arena", found=reply.log[-500:])
    return int(total.group(1))


def _counts(model: bytes) -> tuple[int, int]:
    """How many inputs and outputs the first subgraph has; the interpreter cannot be asked without noise."""
    root = Table(model, int.from_bytes(model[:4], "little"))
    subgraph = Table(model, root.Indirect(root.Vector(root.Offset(_SUBGRAPHS))))
    inputs, outputs = (subgraph.Offset(field) for field in (_INPUTS, _OUTPUTS))
    return (subgraph.VectorLen(inputs) if inputs else 0), (subgraph.VectorLen(outputs) if outputs else 0)


def _work(job: ModelJob) -> tuple[Mapping[str, Any], Mapping[str, Array]]:
    interpreter = Interpreter(job.model, job.options["arena"])
    if "predict" in job.options:
        (values,) = vectors_of(job.arrays, "in", 1)
        rows: list[Array] = []
        for sample in stored_inputs(interpreter.inputs, values):
            interpreter.reset()
            rows.append(dequantized(interpreter.invoke(sample)[0][0], interpreter.outputs[0]))
        return {}, {"outputs": np.stack(rows)}
    rows_in = vectors_of(job.arrays, "in", job.options["vectors"])
    results = named([interpreter.step(row) or [] for row in rows_in], "out")
    interpreter.print_allocations()
    return {}, results


def prepare() -> None:
    """Load the interpreter's library."""
    from tflite_micro import runtime  # noqa: F401


def main(folder: str) -> None:
    """The worker's side."""
    serve(folder, _work)
