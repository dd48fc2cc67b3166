"""A loaded Keras model becomes a .tflite file, some layers of which may stay in int16x8."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress import converter
from tinyml_compress.converter import Settings
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError
from tinyml_compress.models import LoadedModel
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.mixing import MixedFile, by_names, mixer_of
from tinyml_compress.pipeline.convert.whole import SAMPLES, Calibration, convert_whole, preprocessing_of

__all__ = ["convert_model", "mixed_form"]


def convert_model(
    loaded: LoadedModel,
    calibration: Calibration,
    settings: Settings,
    *,
    samples: int | None = None,
    seed: int = 0,
) -> Converted:
    """The .tflite file of a loaded model, in memory; refuses float operators unless the settings
    allow them.
    """
    if not settings.wide:
        return convert_whole(loaded, calibration, settings, samples=samples, seed=seed)
    if not isinstance(calibration, DataSet):
        raise UsageError(
            "layers stay wide only with a data set for calibration", which="wide", found=settings.wide
        )
    mixer = mixer_of(loaded, calibration, settings, samples, seed)
    return _spliced(mixer.file(by_names(mixer, settings.wide)), calibration, settings, samples, seed)


def mixed_form(
    made: MixedFile, calibration: DataSet, settings: Settings, samples: int | None, seed: int
) -> Converted:
    """What `mix` found, as `convert_model` would have made it with the names of the wide layers."""
    return _spliced(made.tflite, calibration, replace(settings, wide=made.found.wide), samples, seed)


def _spliced(
    tflite: bytes, calibration: DataSet, settings: Settings, samples: int | None, seed: int
) -> Converted:
    """A spliced file with what is known of it."""
    chosen = calibration.take(samples or SAMPLES, seed)
    return Converted(
        tflite,
        converter.read(tflite),
        settings,
        seed,
        calibration.name,
        chosen.sha256,
        chosen.count,
        (),
        preprocessing_of(calibration),
    )
