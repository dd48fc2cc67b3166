"""What a .tflite file answers in real values, under TensorFlow Lite, TensorFlow Lite Micro or as our C."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tinyml_compress.data import DataSet
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.evaluate.engines import described_inputs
from tinyml_compress.pipeline.evaluate.model_inputs import arrays_for
from tinyml_compress.results import Engine
from tinyml_compress.runners import host, native, tflm
from tinyml_compress.runners.sides import dequantized, stored_inputs

__all__ = ["Predict", "predictor"]

Floats = npt.NDArray[np.float32]
Predict = Callable[[DataSet], Floats]
"""The first output in real values for every sample of a set that fits the model's inputs."""


def predictor(content: bytes, name: str, engine: Engine) -> Predict:
    """The file made ready; `name` is that of its C."""
    if engine is Engine.AOT:
        return _compiled(content, name)
    room = host if engine is Engine.HOST else tflm

    def predict(data: DataSet) -> Floats:
        outputs: Floats = room.predict(content, *arrays_for(data, described_inputs(content)))
        return outputs

    return predict


def _compiled(content: bytes, name: str) -> Predict:
    program = compile_model(content, name)

    def predict(data: DataSet) -> Floats:
        (code,) = native.load([program])
        rows = []
        for row in stored_inputs(program.inputs, arrays_for(data, program.inputs)):
            code.reset()
            rows.append(code.invoke(row)[0][0])
        return dequantized(np.stack(rows), program.outputs[0])

    return predict
