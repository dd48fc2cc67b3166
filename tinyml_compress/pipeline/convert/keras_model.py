"""A loaded Keras model becomes a .tflite file, some layers of which may stay in int16x8."""

from __future__ import annotations

from dataclasses import replace

from tinyml_compress import converter
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError
from tinyml_compress.models import LoadedModel
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.mixing import MixedFile, by_names, mixer_of
from tinyml_compress.pipeline.convert.whole import (
    AS_USUAL,
    Calibration,
    Wanted,
    convert_whole,
    preprocessing_of,
)


def convert_model(loaded: LoadedModel, calibration: Calibration, wanted: Wanted = AS_USUAL) -> Converted:
    """The .tflite file of a loaded model, in memory; refuses float operators unless the settings
    allow them.
    """
    wide = wanted.settings.wide
    if not wide:
        return convert_whole(loaded, calibration, wanted)
    if not isinstance(calibration, DataSet):
        raise UsageError("layers stay wide only with a data set for calibration", which="wide", found=wide)
    mixer = mixer_of(loaded, calibration, wanted)
    return _spliced(mixer.file(by_names(mixer, wide)), calibration, wanted)


def mixed_form(mixed: MixedFile, calibration: DataSet, wanted: Wanted) -> Converted:
    """What `mix` found, as `convert_model` would have made it with the names of the wide layers."""
    settings = replace(wanted.settings, wide=mixed.summary.wide)
    return _spliced(mixed.tflite, calibration, replace(wanted, settings=settings))


def _spliced(tflite: bytes, calibration: DataSet, wanted: Wanted) -> Converted:
    """A spliced file with what is known of it."""
    chosen = wanted.of(calibration)
    return Converted(
        tflite,
        converter.read(tflite),
        wanted.settings,
        wanted.seed,
        calibration.name,
        chosen.sha256,
        chosen.count,
        (),
        preprocessing_of(calibration),
    )
