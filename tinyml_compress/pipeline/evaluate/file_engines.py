"""What a .tflite file answers in real values, under TensorFlow Lite, TensorFlow Lite Micro or as our C."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tinyml_compress.data import DataSet
from tinyml_compress.ir import Program
from tinyml_compress.pipeline.compile.front_end import front_end
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.evaluate.engines import described_inputs
from tinyml_compress.pipeline.evaluate.model_inputs import arrays_for
from tinyml_compress.results import Engine
from tinyml_compress.runners import host, native, tflm
from tinyml_compress.runners.sides import dequantized, stored_inputs

Array = npt.NDArray[np.generic]
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
        for row in _heard(name, program, data) or stored_inputs(
            program.inputs, arrays_for(data, program.inputs)
        ):
            code.reset()
            rows.append(code.invoke(row)[0][0])
        return dequantized(np.stack(rows), program.outputs[0])

    return predict


def _heard(name: str, program: Program, data: DataSet) -> list[list[Array]]:
    """The inputs that the generated front end makes of the set's sounds; none where there is no front end."""
    audio, sounds = data.preprocessing.audio, data.sounds
    front = front_end(name, program.inputs, data.preprocessing)
    if front is None or audio is None or sounds is None or program.inputs[0].nbytes != math.prod(audio.shape):
        return []
    (code,) = native.load([front])
    starts = [audio.hop * frame for frame in range(audio.frames)]
    return [
        [
            np.concatenate(
                [code.invoke([sound[start : start + audio.window]])[0] for start in starts]
            ).reshape(program.inputs[0].shape)
        ]
        for sound in sounds
    ]
