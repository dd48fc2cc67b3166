"""PyTorch models and float .tflite files on the same line as Keras models: in comes a name, out the same
artifacts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import converter, data
from tinyml_compress.converter import FlatFile, Mode, Settings
from tinyml_compress.converter.foreign.calls import TORCH_PREFIX, TorchModel, requantize, torch_to_tflite
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, ModelError, UsageError
from tinyml_compress.models import Format, Origin
from tinyml_compress.support import files
from tinyml_compress.support.progress import stage

__all__ = ["Foreign", "foreign_to_tflite", "is_foreign"]

Floats = npt.NDArray[np.float32]
_DEFAULT_SAMPLES = 256


@dataclass(frozen=True, eq=False)
class Foreign:
    """A .tflite file that another converter made, checked, and what it was made from."""

    tflite: bytes
    file: FlatFile
    origin: Origin
    samples: int


def is_foreign(model: object) -> bool:
    """Whether the name stands for a PyTorch model or a .tflite file."""
    name = str(model) if isinstance(model, (str, Path)) else ""
    return name.startswith(TORCH_PREFIX) or name.endswith(".tflite")


def foreign_to_tflite(
    spec: str,
    calibration: DataSet | list[Floats] | str | Path | None,
    settings: Settings,
    *,
    samples: int | None = None,
    seed: int = 0,
    train: str | None = None,
) -> Foreign:
    """Convert `torch:module:function[@weights]` or a float .tflite file."""
    _check(spec, settings, train)
    torch = TorchModel.parse(spec, train) if spec.startswith(TORCH_PREFIX) else None
    source = b"" if torch is not None else files.read_bytes(Path(spec))
    if torch is None:
        _check_float(converter.read(source), spec)
    arrays = _arrays(calibration, samples, seed)
    with stage(f"convert to {settings.mode.value}") as shown:
        if torch is not None:
            made = torch_to_tflite(
                torch, arrays, settings.mode, seed=seed, timeout=settings.timeout, say=shown.note
            )
        else:
            _check_shapes(converter.read(source), arrays, settings.mode)
            made = requantize(source, arrays, settings.mode, timeout=settings.timeout, say=shown.note)
    file = converter.read(made)
    if settings.mode.full_integer and not settings.allow_float:
        converter.check_integer(file, spec)
    kind = Format.TFLITE if torch is None else Format.TORCH
    return Foreign(
        made, file, Origin(spec, kind, files.sha256(source or made)), len(arrays[0]) if arrays else 0
    )


def _check(spec: str, settings: Settings, train: str | None) -> None:
    if settings.io is not None and settings.io is not Settings(settings.mode).port_type:
        raise UsageError(
            "models that do not come from Keras keep the inputs and outputs of their converter",
            which=f"--io {settings.io.value}",
            allowed=Settings(settings.mode).port_type.value,
        )
    if settings.per_tensor_dense:
        raise UsageError("per-tensor Dense is for Keras models", which="--per-tensor-dense")
    if settings.weight_bits != 8:
        raise UsageError(
            "weights of 4 bits are for Keras models",
            which=f"weight_bits {settings.weight_bits} with {spec}",
            allowed="8",
        )
    if train is not None and (not spec.startswith(TORCH_PREFIX) or settings.mode is not Mode.INT8):
        raise UsageError(
            "a training function goes with torch: models in mode int8", which=f"--torch-train {train}"
        )


def _check_float(file: FlatFile, spec: str) -> None:
    if any(port.dtype is None or not port.dtype.is_float for port in (*file.inputs, *file.outputs)):
        raise ModelError(
            "the .tflite file is quantized already",
            which=spec,
            found=", ".join(f"{port.name} {port.dtype.value if port.dtype else '?'}" for port in file.inputs),
            allowed="a float32 file",
            next_step="compile or benchmark it as it is",
        )


def _arrays(
    calibration: DataSet | list[Floats] | str | Path | None, samples: int | None, seed: int
) -> list[Floats]:
    if calibration is None:
        return []
    if isinstance(calibration, (str, Path)):
        calibration = data.load(calibration)
    if isinstance(calibration, DataSet):
        return [calibration.take(samples or _DEFAULT_SAMPLES, seed).inputs]
    return [np.ascontiguousarray(array[: samples or _DEFAULT_SAMPLES], np.float32) for array in calibration]


def _check_shapes(file: FlatFile, arrays: list[Floats], mode: Mode) -> None:
    if not arrays and not mode.full_integer:
        return
    wanted = [tuple(port.shape[1:]) for port in file.inputs]
    found = [array.shape[1:] for array in arrays]
    if found != wanted:
        raise DataError("calibration data is not of the model's input shape", found=found, allowed=wanted)
