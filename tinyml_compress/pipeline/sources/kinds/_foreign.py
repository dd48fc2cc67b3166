"""What models share that another converter makes a .tflite file of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import converter, data
from tinyml_compress.converter import ConvertSettings
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError, about
from tinyml_compress.formats.inside import inside
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.collapse import refuse_collapsed
from tinyml_compress.pipeline.convert.whole import SAMPLES, Calibration, Wanted, preprocessing_of

Floats = npt.NDArray[np.float32]


def check_settings(spec: str, settings: ConvertSettings) -> None:
    """Refuse what only our own converter does."""
    if settings.io is not None and settings.io is not ConvertSettings(settings.mode).port_type:
        raise UsageError(
            "models that do not come from Keras keep the inputs and outputs of their converter",
            which=f"--io {settings.io.value}",
            allowed=ConvertSettings(settings.mode).port_type.value,
        )
    if settings.per_tensor_dense:
        raise UsageError("per-tensor Dense is for Keras models", which="--per-tensor-dense")
    if settings.weight_bits != 8:
        raise UsageError(
            "weights of 4 bits are for Keras models",
            which=f"weight_bits {settings.weight_bits} with {spec}",
            allowed="8",
        )


def arrays_of(calibration: Calibration, wanted: Wanted) -> list[Floats]:
    """The representative samples, per input."""
    if calibration is None:
        return []
    calibration = data.load(calibration) if isinstance(calibration, (str, Path)) else calibration
    if isinstance(calibration, DataSet):
        return [wanted.of(calibration).inputs]
    count = wanted.samples or SAMPLES
    return [np.ascontiguousarray(array[:count], np.float32) for array in calibration]


def finished(
    tflite: bytes, spec: str, calibration: Calibration, arrays: Sequence[Floats], wanted: Wanted
) -> Converted:
    """What the other converter made, checked."""
    tflite = inside(tflite)
    settings, file = wanted.settings, converter.read(tflite)
    if settings.mode.full_integer:
        if not settings.allow_float:
            converter.check_integer(file)
        with about(spec):
            refuse_collapsed(tflite)
    floats = converter.float_operators(file) if settings.mode.full_integer else ()
    return Converted(
        tflite,
        file,
        settings,
        wanted.seed,
        calibration.name if isinstance(calibration, DataSet) else None if calibration is None else "arrays",
        calibration.sha256 if isinstance(calibration, DataSet) else None,
        len(arrays[0]) if arrays else 0,
        tuple(sorted({use.operator for use in floats})),
        preprocessing_of(calibration),
    )
