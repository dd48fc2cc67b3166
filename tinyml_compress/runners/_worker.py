"""A job for an interpreter in a process of its own: arrays go in and come out through a temporary folder.

The interpreters are C++ that aborts on some hostile files, and tflite-runtime cannot share a process with TensorFlow.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, ModelError
from tinyml_compress.support import proc

__all__ = ["Job", "Reply", "ask", "named", "serve", "vectors_of"]

Array = npt.NDArray[np.generic]
_REFUSED = 3
_MEMORY = 16 << 30
# Lines that say nothing about the model.
_NOISE = re.compile(r"^(INFO|W\d+|I\d+|WARNING: All log messages|Aborted|\s*$)")


@dataclass(frozen=True)
class Job:
    """What the worker finds: the model, the options, and named arrays."""

    model: bytes
    options: Mapping[str, Any]
    arrays: Mapping[str, Array]


@dataclass(frozen=True)
class Reply:
    """What it answers."""

    values: Mapping[str, Any]
    arrays: Mapping[str, Array]
    log: str


def ask(module: str, what: str, job: Job, timeout: float) -> Reply:
    """Run `python -m module` on the job; every way of failing becomes a ModelError that names `what`."""
    if job.model[4:8] != b"TFL3":
        raise ModelError(
            "not a TensorFlow Lite file",
            found=f"{len(job.model)} bytes without the mark TFL3",
            next_step="give a .tflite file; `tinyml-compress convert` makes one from a Keras model",
        )
    with tempfile.TemporaryDirectory(prefix="tinyml-") as folder:
        here = Path(folder)
        (here / "model.tflite").write_bytes(job.model)
        (here / "job.json").write_text(json.dumps(dict(job.options)))
        np.savez(here / "in.npz", **job.arrays)
        done = proc.run([sys.executable, "-m", module, here], timeout=timeout, what=what, check=False)
        if done.returncode == _REFUSED:
            raise _told(json.loads((here / "error.json").read_text()), what, _said(done))
        if done.returncode != 0:
            how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
            raise ModelError(
                f"{what} crashed on the model",
                found=f"{how}\n{_said(done)}".strip(),
                next_step="the file is damaged, or this runtime has a defect; convert the model again",
            )
        with np.load(here / "out.npz") as stored:
            arrays = {key: stored[key] for key in stored.files}
        return Reply(json.loads((here / "out.json").read_text()), arrays, done.stdout + done.stderr)


def serve(folder: Path, work: Callable[[Job], tuple[Mapping[str, Any], Mapping[str, Array]]]) -> None:
    """The worker's side: do `work`, store what it gives, say in one line why it could not."""
    _limit()
    with np.load(folder / "in.npz") as stored:
        arrays = {key: stored[key] for key in stored.files}
    job = Job((folder / "model.tflite").read_bytes(), json.loads((folder / "job.json").read_text()), arrays)
    try:
        values, results = work(job)
    except (DataError, ModelError) as error:
        kind = "data" if isinstance(error, DataError) else "model"
        told = [error.what, error.which, error.found, error.allowed, error.next_step]
        _leave(folder, {"kind": kind, "told": told})
    except Exception as error:  # what the bindings raise on a bad file is not documented: struct.error, ValueError, ...
        _leave(folder, {"kind": "raw", "told": [f"{type(error).__name__}: {error}"]})
    np.savez(folder / "out.npz", **results)
    (folder / "out.json").write_text(json.dumps(dict(values)))


def _limit() -> None:
    """A damaged file may claim any size: it must not take the machine's memory, nor leave a core file."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or hard > _MEMORY:
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, hard))


def vectors_of(arrays: Mapping[str, Array], prefix: str, count: int) -> list[list[Array]]:
    """`prefix`V_I for vector V and tensor I, as lists."""
    rows: list[list[Array]] = []
    for vector in range(count):
        row: list[Array] = []
        while (key := f"{prefix}{vector}_{len(row)}") in arrays:
            row.append(arrays[key])
        rows.append(row)
    return rows


def named(rows: Sequence[Sequence[Array]], prefix: str) -> dict[str, Array]:
    """The inverse of `vectors_of`."""
    return {f"{prefix}{v}_{i}": value for v, row in enumerate(rows) for i, value in enumerate(row)}


def _leave(folder: Path, error: Mapping[str, Any]) -> None:
    (folder / "error.json").write_text(json.dumps(error))
    sys.stderr.flush()
    os._exit(_REFUSED)  # the interpreter's destructor may crash on a model that it refused


def _told(error: Mapping[str, Any], runtime: str, log: str) -> DataError | ModelError:
    """The worker's error again, with what the runtime printed."""
    if error["kind"] == "raw":
        found = error["told"][0] if not log else f"{error['told'][0]}\n{log}"
        return ModelError(
            f"{runtime} refuses the model",
            found=found,
            next_step="the file is damaged, or holds what this runtime does not know: convert the model again",
        )
    what, which, found, allowed, next_step = error["told"]
    kind = DataError if error["kind"] == "data" else ModelError
    if kind is ModelError and log:
        found = f"{found}\n{log}" if found else log
    return kind(what, which=which, found=found, allowed=allowed, next_step=next_step)


def _said(done: proc.Finished) -> str:
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not _NOISE.match(line)]
    # A Python traceback would be of our worker's: its last line is what matters.
    if any(line.startswith("Traceback") for line in lines):
        lines = lines[-1:]
    return "\n".join(lines[-8:])
