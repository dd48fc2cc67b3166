"""The Python API: the verbs as functions that take the command line's words."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter import Io, Mode
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError
from tinyml_compress.models import LoadedModel
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.pipeline import compilation, conversion
from tinyml_compress.pipeline.compilation import Compiled
from tinyml_compress.pipeline.conversion import ConversionResult
from tinyml_compress.pipeline.measure import verb, work
from tinyml_compress.results import Benchmark
from tinyml_compress.support.c_names import c_name
from tinyml_compress.support.trust import trusting

__all__ = ["benchmark", "compile_c", "convert"]

Floats = npt.NDArray[np.float32]
Word = TypeVar("Word", bound=Enum)


def convert(
    model: str | Path | LoadedModel,
    calibration: str | Path | DataSet | Sequence[Floats] | None = None,
    *,
    output: str | Path,
    mode: str = "int8",
    name: str | None = None,
    io: str | None = None,
    per_tensor_dense: bool = False,
    allow_float: bool = False,
    strip: bool = False,
    samples: int | None = None,
    seed: int = 0,
    trust: bool = False,
) -> ConversionResult:
    """A Keras model to .tflite with its C array, resolver, test vectors and manifest, in `output`.

    `trust` is your word for a model file that holds code.
    """
    with trusting(trust):
        return conversion.convert(
            model,
            calibration,
            _word(Mode, "mode", mode),
            output=Path(output),
            name=name,
            io=None if io is None else _word(Io, "io", io),
            per_tensor_dense=per_tensor_dense,
            allow_float=allow_float,
            strip=strip,
            samples=samples,
            seed=seed,
        )


def compile_c(
    model: str | Path,
    *,
    output: str | Path,
    name: str | None = None,
    isa: str = "c",
    optimize: str = "balanced",
) -> Compiled:
    """An int8 .tflite file to self-contained C in `output`; `.program` of the result holds the sources."""
    path = Path(model)
    chosen = name or c_name(path.stem)
    return compilation.compile_to_folder(
        path, Path(output), chosen, _word(Isa, "isa", isa), _word(Level, "optimize", optimize)
    )


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
        targets=(target,) if isinstance(target, str) else tuple(target),
        engine=engine,
        vectors=vectors,
        level=_word(Level, "optimize", optimize),
        targets_dir=targets_dir,
        seed=seed,
        calibration=data,
    )
    with trusting(trust):
        return verb.benchmark(str(model), request=request)


def _word(kind: type[Word], what: str, word: str) -> Word:
    try:
        return kind(word)
    except ValueError:
        raise UsageError(
            f"unknown {what}", found=word, allowed=", ".join(one.value for one in kind)
        ) from None
