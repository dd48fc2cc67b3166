"""The front end beside a model: what its data set says of it, and the C of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.codegen.camera import camera_program
from tinyml_compress.codegen.front_end import front_end_program
from tinyml_compress.codegen.resampler import resampler_files
from tinyml_compress.data.front_end import preprocessing_in
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.frontends.inputs import input_numbers
from tinyml_compress.frontends.preprocessing import Arithmetic, Preprocessing, StreamForm
from tinyml_compress.frontends.sensor import sensor_features
from tinyml_compress.frontends.sound import sound_features
from tinyml_compress.ir import DType, Port, Program
from tinyml_compress.runners.sides import quantized
from tinyml_compress.support import files
from tinyml_compress.support.json_file import read_json

_WHOLE = (DType.INT8, DType.UINT8, DType.INT16)


def manifest_preprocessing(model: Path) -> Preprocessing:
    """How inputs are made, by the manifest that `convert` wrote beside this very file; else
    nothing is done.
    """
    path = model.parent / "manifest.json"
    if not path.is_file():
        return Preprocessing()
    try:
        manifest = read_json(path)
        named = manifest["files"][model.name]
    except (DataError, KeyError, TypeError):
        return Preprocessing()  # a manifest of something else
    if named != files.sha256(files.read_bytes(model)):
        return Preprocessing()
    return preprocessing_in(path, manifest)


def front_end(name: str, inputs: Sequence[Port], done: Preprocessing) -> Program | None:
    """Samples or rows of a camera's picture in, values of the model's input out.

    None where neither features in whole numbers nor a camera are described, or the model takes something else
    than whole rows of them, of 8 or 16 bits.
    """
    form, image, camera = done.stream, done.image, done.camera
    if done.generated is Arithmetic.FLOAT and form is None:
        raise UsageError(
            "there is no front end to make in floats",
            which="--frontend float",
            allowed='sounds whose [audio] has features "log-mel" or "mfcc" in fixed arithmetic',
            next_step="give the set that the model was trained with: --data SET",
        )
    if len(inputs) != 1:
        return None
    (port,) = inputs
    if port.dtype not in _WHOLE or port.quant is None:
        return None
    if image is not None and camera is not None:
        if int(np.prod(port.shape)) != image.height * image.width * image.channels:
            return None
        pixels = np.broadcast_to(np.arange(256, dtype=np.uint8)[:, None], (256, image.channels))
        return camera_program(name, image, camera, port, quantized(done.apply(pixels), port))
    if form is None or port.nbytes % (port.dtype.itemsize * form.values):
        return None
    program = front_end_program(name, done, form, port)
    audio = done.audio
    if audio is None or not audio.source_rate:
        return program
    return replace(
        program, files={**program.files, **resampler_files(name, audio.source_rate, audio.sample_rate)}
    )


def rows_of(
    samples: npt.NDArray[np.int16], done: Preprocessing, form: StreamForm, port: Port
) -> npt.NDArray[np.generic]:
    """(frames, values): what the C must give for these samples, as the model's input `port` stores it."""
    sound, sensor = done.audio, done.sensor
    features = (
        sound_features(samples, sound) if sound else sensor_features(samples, sensor) if sensor else None
    )
    assert features is not None
    numbers = input_numbers(done.scale, done.mean, done.std, form.fraction)
    return quantized(numbers.inputs(features), port)
