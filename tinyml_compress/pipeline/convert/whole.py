"""A loaded Keras model becomes one .tflite file, all of it in the mode that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import converter, data, frontend
from tinyml_compress.converter import ConvertSettings, Mode
from tinyml_compress.converter.four_bits import four_bits
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, UsageError, about
from tinyml_compress.frontend.writer import write
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.models import LoadedModel
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.collapse import refuse_collapsed
from tinyml_compress.support import backend, files
from tinyml_compress.support.progress import stage

Floats = npt.NDArray[np.float32]
Calibration = str | Path | DataSet | Sequence[Floats] | None
SAMPLES = 256
"""That calibrate, where nothing else is said."""
_ATTEMPTS = 8


@dataclass(frozen=True)
class Wanted:
    """How to convert."""

    settings: ConvertSettings = field(default_factory=ConvertSettings)
    samples: int | None = None
    """That calibrate; by default what is usual."""
    seed: int = 0
    train: str | None = None
    """The user's function that fine-tunes a PyTorch model on the way."""

    def of(self, data: DataSet) -> DataSet:
        """The samples of a set that calibrate."""
        return data.take(self.samples or SAMPLES, self.seed)


AS_USUAL = Wanted()


def convert_whole(loaded: LoadedModel, calibration: Calibration, wanted: Wanted) -> Converted:
    """The file in memory; refuses float operators unless the settings allow them."""
    settings = wanted.settings
    if isinstance(calibration, (str, Path)):
        calibration = data.load(calibration)
    arrays, described, digest = _representative(loaded, calibration, wanted)
    tflite = _steady(loaded, arrays, wanted)
    if settings.mode.full_integer:
        with backend.quiet(), about(loaded.origin.spec):
            refuse_collapsed(tflite, loaded.model, arrays)
    notes: tuple[str, ...] = ()
    if settings.weight_bits == 4:
        packed = four_bits(frontend.read(tflite, loaded.model.name))
        tflite, notes = write(packed.graph), tuple(packed.notes())
    file = converter.read(tflite)
    layers = [layer.name for layer in loaded.model.layers]
    if settings.mode.full_integer and not settings.allow_float:
        converter.check_integer(file, layers)
    floats = converter.float_operators(file, layers) if settings.mode.full_integer else ()
    return Converted(
        tflite,
        file,
        settings,
        wanted.seed,
        described,
        digest,
        len(arrays[0]) if arrays else 0,
        tuple(sorted({use.operator for use in floats})),
        preprocessing_of(calibration),
        notes=notes,
    )


def _steady(loaded: LoadedModel, arrays: Sequence[Floats], wanted: Wanted) -> bytes:
    """The converter's file; asked again where it left an operator in float that it often makes integer.

    What becomes of a GRU's SPLIT differs between two runs of TensorFlow's converter on the same model, and
    does not where addresses are the same in each run. A run here is a process of its own, at other addresses.
    """

    def once() -> bytes:
        with backend.quiet():
            return converter.to_tflite(
                loaded.model,
                arrays,
                wanted.settings,
                environment=backend.quiet_variables(),
                seed=wanted.seed,
            )

    tflite = once()
    for attempt in range(2, _ATTEMPTS + 1):
        if not wanted.settings.mode.full_integer or not converter.left_by_chance(converter.read(tflite)):
            break
        with stage(f"convert again, since a SPLIT stayed in float by chance ({attempt} of {_ATTEMPTS})"):
            tflite = once()
    return tflite


def preprocessing_of(calibration: object) -> Preprocessing:
    return calibration.preprocessing if isinstance(calibration, DataSet) else Preprocessing()


def no_calibration(mode: Mode) -> UsageError:
    return UsageError(
        "full-integer conversion needs representative data",
        which=f"--mode {mode.value}",
        next_step="give --calibration: a .npz or .npy file, or a shipped set such as data:digits",
    )


def _representative(
    loaded: LoadedModel, calibration: DataSet | Sequence[Floats] | None, wanted: Wanted
) -> tuple[list[Floats], str | None, str | None]:
    """Arrays per input, and name and digest of the set."""
    if calibration is None:
        if wanted.settings.mode.full_integer:
            raise no_calibration(wanted.settings.mode)
        return [], None, None
    shapes = loaded.input_shapes
    if isinstance(calibration, DataSet):
        chosen = wanted.of(calibration)
        return chosen.for_inputs(loaded.input_names, shapes), calibration.name, chosen.sha256
    arrays = _checked_arrays(loaded, calibration)
    count = min(len(arrays[0]), wanted.samples or SAMPLES)
    keep = np.sort(np.random.default_rng(wanted.seed).permutation(len(arrays[0]))[:count])
    chosen_arrays = [array[keep] for array in arrays]
    return chosen_arrays, "arrays", files.sha256(b"".join(array.tobytes() for array in chosen_arrays))


def _checked_arrays(loaded: LoadedModel, calibration: Sequence[Floats]) -> list[Floats]:
    shapes, names = loaded.input_shapes, loaded.input_names
    arrays = [np.ascontiguousarray(array, dtype=np.float32) for array in calibration]
    if len(arrays) != len(shapes):
        raise DataError(
            "calibration data and inputs differ in number",
            which=loaded.origin.spec,
            found=f"{len(arrays)} arrays",
            allowed=f"one per input: {', '.join(names)}",
        )
    for array, shape, name in zip(arrays, shapes, names, strict=True):
        fits = array.ndim == len(shape) + 1 and all(
            wanted in (None, size) for size, wanted in zip(array.shape[1:], shape, strict=True)
        )
        if not fits:
            raise DataError(
                "calibration data is not of the model's input shape",
                which=name,
                found=f"array of shape {array.shape}",
                allowed=f"(count, {', '.join('?' if size is None else str(size) for size in shape)})",
            )
        if len(array) == 0 or len(array) != len(arrays[0]):
            raise DataError(
                "calibration arrays differ in length or are empty",
                which=name,
                found=[len(item) for item in arrays],
            )
        if not np.isfinite(array).all():
            raise DataError("calibration data holds values that are not finite numbers", which=name)
    return arrays
