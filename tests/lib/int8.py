"""A model as TensorFlow Lite Micro would run it, for tests of what lowers the loss of int8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.converter import ConvertSettings, Mode, to_tflite
from tinyml_compress.pipeline.compress.inputs import outputs_of_file
from tinyml_compress.support import backend


def int8_file(model: Any, samples: Any, **settings: Any) -> bytes:
    """The .tflite file of a Keras model, calibrated on the samples."""
    with backend.quiet():
        return to_tflite(
            model,
            [np.asarray(samples, np.float32)],
            ConvertSettings(Mode.INT8, **settings),
            environment=backend.quiet_variables(),
        )


def outputs_of(file: bytes, inputs: Any, folder: Path) -> Any:
    """What the file answers, as real numbers."""
    path = folder / "model.tflite"
    path.write_bytes(file)
    return np.asarray(outputs_of_file(path, inputs))
