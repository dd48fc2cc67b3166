"""The Python API: the verbs as functions that take the command line's words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.measure import verb, work
from tinyml_compress.results import Benchmark
from tinyml_compress.support.trust import trusting
from tinyml_compress.support.words import several, word

__all__ = [
    "benchmark",
]


def benchmark(
    model: str | Path,
    target: str | Sequence[str] = "all",
    *,
    engine: str = "aot",
    data: str | None = None,
    optimize: str = "balanced",
    vectors: int = 10,
    targets_dir: Path | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Benchmark:
    """A model on one device, several, or all; `data` calibrates a model that is no .tflite yet.

    `trust` is your word for a model file that holds code.
    """
    request = work.Request(
        targets=several(target),
        engine=engine,
        vectors=vectors,
        level=word(Level, "optimize", optimize),
        targets_dir=targets_dir,
        seed=seed,
        calibration=data,
    )
    with trusting(trust):
        return verb.benchmark(str(model), request=request)
