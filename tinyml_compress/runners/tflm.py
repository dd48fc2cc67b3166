"""TensorFlow Lite Micro through its interpreter: the oracle for every byte, and the measure of its arena.

The interpreter is C++ that aborts the process on some hostile files, so `run` and `arena` work in a subprocess;
`Interpreter` is the in-process form for models that are known to be sound (tests, many small models).
"""

from __future__ import annotations

import io
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import MissingDependency, ModelError, ProcessError
from tinyml_compress.support import proc

__all__ = ["Interpreter", "TflmResult", "arena_bytes", "available", "run"]

Array = npt.NDArray[np.generic]
_DEFAULT_ARENA = 16 << 20
_TIMEOUT = 300.0


def available() -> bool:
    """Whether the tflite-micro package is installed here (Linux x86-64 only)."""
    from importlib.util import find_spec

    return find_spec("tflite_micro") is not None


class Interpreter:
    """One model under TFLM, in this process."""

    def __init__(self, model: bytes, arena_size: int = _DEFAULT_ARENA) -> None:
        if not available():
            raise MissingDependency(
                "TensorFlow Lite Micro is not installed",
                which="tflite-micro",
                allowed="Linux on x86-64",
                next_step="run this proof on such a machine; the rest of the tool works without it",
            )
        from tflite_micro import runtime

        try:
            self._interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_size)
        except (RuntimeError, ValueError) as error:
            raise ModelError("TensorFlow Lite Micro refuses the model", found=error) from error

    def invoke(self, inputs: Sequence[Array]) -> list[Array]:
        """Outputs for one set of inputs, in the model's order; arrays have the model's dtypes and shapes."""
        for index, value in enumerate(inputs):
            self._interpreter.set_input(value, index)
        self._interpreter.invoke()
        outputs: list[Array] = []
        while True:
            try:
                outputs.append(np.array(self._interpreter.get_output(len(outputs))))
            except (IndexError, ValueError, RuntimeError):
                return outputs


@dataclass(frozen=True)
class TflmResult:
    """What a subprocess run gives: per vector the list of outputs, and the arena's use in bytes."""

    outputs: list[list[Array]]
    arena_bytes: int


def arena_bytes(model: bytes) -> int:
    """Arena that TFLM's interpreter uses for this model: head + tail, exact for this build of TFLM."""
    return run(model, []).arena_bytes


def run(model: bytes, vectors: Sequence[Sequence[Array]]) -> TflmResult:
    """Run `vectors` (each a list of inputs) in a subprocess of its own."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "model.tflite").write_bytes(model)
        np.savez(here / "in.npz", **{f"{v}_{i}": x for v, xs in enumerate(vectors) for i, x in enumerate(xs)})
        (here / "job.json").write_text(json.dumps({"vectors": len(vectors), "inputs": [len(xs) for xs in vectors]}))
        try:
            done = proc.run(
                [sys.executable, "-m", "tinyml_compress.runners.tflm", here],
                timeout=_TIMEOUT,
                what="TensorFlow Lite Micro",
            )
        except ProcessError as error:
            raise ModelError("TensorFlow Lite Micro cannot run the model", found=error.found) from error
        total = re.search(r"Arena allocation total (\d+) bytes", done.stderr + done.stdout)
        if total is None:
            raise ModelError("TensorFlow Lite Micro did not report its arena", found=done.tail())
        with np.load(io.BytesIO((here / "out.npz").read_bytes())) as stored:
            outputs: list[list[Array]] = []
            for vector in range(len(vectors)):
                row: list[Array] = []
                while f"{vector}_{len(row)}" in stored:
                    row.append(stored[f"{vector}_{len(row)}"])
                outputs.append(row)
    return TflmResult(outputs, int(total.group(1)))


def _worker(folder: Path) -> None:
    job = json.loads((folder / "job.json").read_text())
    interpreter = Interpreter((folder / "model.tflite").read_bytes())
    results: dict[str, Array] = {}
    with np.load(folder / "in.npz") as stored:
        for vector in range(job["vectors"]):
            inputs = [stored[f"{vector}_{i}"] for i in range(job["inputs"][vector])]
            for index, value in enumerate(interpreter.invoke(inputs)):
                results[f"{vector}_{index}"] = value
    np.savez(folder / "out.npz", **results)
    interpreter._interpreter.print_allocations()


if __name__ == "__main__":
    _worker(Path(sys.argv[1]))
