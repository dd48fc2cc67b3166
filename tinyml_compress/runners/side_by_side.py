"""Wall-clock time of several models in one process, taking turns: what disturbs the machine disturbs all of
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.runners import host
from tinyml_compress.runners._worker import ModelJob, serve

_WARMUP = 5


@dataclass(frozen=True)
class Latency:
    """Seconds of one inference: measured, median and the middle half of the runs."""

    median_s: float
    low_s: float
    """A quarter of the runs was faster."""
    high_s: float
    """A quarter was slower."""
    runs: int
    runtime: str


def measure(models: Sequence[bytes], *, rounds: int = 60) -> tuple[Latency, ...]:
    """Each round runs every model once, in an order that changes from round to round."""
    arrays = {f"m{index}": np.frombuffer(model, np.uint8) for index, model in enumerate(models)}
    # All of them under one runtime, or the times would not compare: the newer one where one file asks for it.
    reply, newest = host.ask_runtime(__name__, ModelJob(models[0], {"rounds": rounds}, arrays), models[1:])
    times = reply.arrays["times"].astype(np.float64)
    name = host.runtime(newest=newest)
    return tuple(
        Latency(
            float(np.median(row)), float(np.quantile(row, 0.25)), float(np.quantile(row, 0.75)), rounds, name
        )
        for row in times
    )


def _work(job: ModelJob) -> tuple[Mapping[str, Any], Mapping[str, npt.NDArray[np.generic]]]:
    models = [job.arrays[f"m{index}"].tobytes() for index in range(len(job.arrays))]
    interpreters = [host._interpreter(model, 1, False, job.options.get("newest", False)) for model in models]
    for interpreter in interpreters:
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
        for _ in range(_WARMUP):
            interpreter.invoke()
    times = np.zeros((len(models), job.options["rounds"]))
    generator = np.random.default_rng(0)
    for turn in range(times.shape[1]):
        for index in generator.permutation(len(models)):
            start = perf_counter()
            interpreters[index].invoke()
            times[index, turn] = perf_counter() - start
    return {}, {"times": times}


def main(folder: str) -> None:
    """The worker's side."""
    serve(folder, _work)
