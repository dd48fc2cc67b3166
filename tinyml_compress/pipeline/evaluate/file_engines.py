"""What a .tflite file answers in real values, under TensorFlow Lite, TensorFlow Lite Micro or as our C."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.codegen.answers import answers_program, frames_at_once
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError
from tinyml_compress.ir import Program
from tinyml_compress.pipeline.compile.front_end import front_end
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.evaluate.engines import described_inputs
from tinyml_compress.pipeline.evaluate.model_inputs import arrays_for
from tinyml_compress.results import Engine
from tinyml_compress.runners import host, native, tflm
from tinyml_compress.runners.sides import dequantized, stored_inputs
from tinyml_compress.support.instruction_sets import Isa

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Predict = Callable[[DataSet], Floats]
"""The first output in real values for every sample of a set that fits the model's inputs."""
Execute = Callable[[Program, Sequence[Sequence[Array]]], list[list[Array]]]
"""Outputs of a program for rows of inputs, each from its start on."""


def predictor(content: bytes, name: str, engine: Engine) -> Predict:
    """The file made ready; `name` is that of its C."""
    if engine is Engine.AOT:
        return compiled(content, name, (Isa.C,), native.answers)
    room = host if engine is Engine.HOST else tflm

    def predict(data: DataSet) -> Floats:
        outputs: Floats = room.predict(content, *arrays_for(data, described_inputs(content)))
        return outputs

    return predict


def compiled(content: bytes, name: str, kernels: Sequence[Isa], execute: Execute) -> Predict:
    """Our C of the file, wherever it is run."""
    program = compile_model(content, name, kernels)

    def predict(data: DataSet) -> Floats:
        rows = _heard(program, data, execute)
        if not rows:
            inputs = stored_inputs(program.inputs, arrays_for(data, program.inputs))
            rows = [row[0][0] for row in execute(program, inputs)]
        return dequantized(np.stack(rows), program.outputs[0])

    return predict


def _heard(program: Program, data: DataSet, execute: Execute) -> list[Array]:
    """The answers to the set's sounds, through the generated front end; none where there is no front end.

    A net that takes fewer frames than a sound has remembers the others; its last answer is the sound's.
    """
    form, sounds = data.preprocessing.stream, data.sounds
    front = front_end(program.prefix, program.inputs, data.preprocessing)
    if front is None or form is None or sounds is None:
        return []
    rows = frames_at_once(program, form)
    if rows > form.frames or (rows < form.frames and not program.state_bytes):
        return []
    first = (form.frames - 1) % rows + 1  # so that the last step ends with the last frame
    whole = answers_program(program, front, form, sounds.shape[1], rows, first)
    answers = []
    for scores, count in execute(whole, [[sound] for sound in sounds]):
        if count[0] == 0:
            raise DataError("the model has no result for these sounds", which=data.name)
        answers.append(scores[int(count[0]) - 1][0])
    return answers
