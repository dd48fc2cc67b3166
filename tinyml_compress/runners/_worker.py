"""A model for an interpreter in a process of its own: arrays go in and come out.

The interpreters are C++ that aborts on some hostile files, and tflite-runtime cannot share a process with
TensorFlow.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import ModelError, RuntimeCrash
from tinyml_compress.support import worker
from tinyml_compress.support.scratch import scratch
from tinyml_compress.support.worker import Reply

Array = npt.NDArray[np.generic]
_MODEL = "model.tflite"
_MEMORY = 16 << 30


@dataclass(frozen=True)
class ModelJob:
    """What the worker finds: the model, the options, and named arrays."""

    model: bytes
    options: Mapping[str, Any]
    arrays: Mapping[str, Array]


def ask(module: str, what: str, job: ModelJob, timeout: float) -> Reply:
    """Have `main` of `module` do the job; every way of failing becomes a ModelError that names `what`."""
    if job.model[4:8] != b"TFL3":
        raise ModelError(
            "not a TensorFlow Lite file",
            found=f"{len(job.model)} bytes without the mark TFL3",
            next_step="give a .tflite file; `tinyml-compress convert` makes one from a Keras model",
        )
    given = worker.Job(job.options, job.arrays, {_MODEL: job.model})
    try:
        with scratch() as folder:
            return worker.ask(f"{module}:main", given, folder, what=what, timeout=timeout)
    except worker.Broken as broken:
        raise _broken(broken, what) from broken
    except ModelError as error:
        if isinstance(error.__cause__, worker.Broken) and error.__cause__.log:
            log = error.__cause__.log
            error.found = f"{error.found}\n{log}" if error.found else log
        raise


def _broken(broken: worker.Broken, what: str) -> ModelError:
    if broken.raised is not None:
        return ModelError(
            f"{what} refuses the model",
            found=f"{broken.raised}\n{broken.log}".strip(),
            next_step=(
                "the file is damaged, or holds what this runtime does not know: convert the model again"
            ),
        )
    return RuntimeCrash(
        f"{what} crashed on the model",
        found=f"{broken.how}\n{broken.log}".strip(),
        next_step="the file is damaged, a scale in it makes no sense (is the model "
        "trained?), or this runtime has a "
        "defect; convert the model again",
    )


def serve(folder: str, work: Callable[[ModelJob], tuple[Mapping[str, Any], Mapping[str, Array]]]) -> None:
    """The worker's side: do `work`, within bounds."""
    _limit()

    def answered(job: worker.Job) -> Reply:
        values, arrays = work(ModelJob(job.files[_MODEL], job.options, job.arrays))
        return Reply(values, arrays)

    worker.serve(Path(folder), answered)


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
