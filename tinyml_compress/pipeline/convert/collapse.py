"""A quantized model whose values hardly vary is told in the user's words, before any interpreter aborts on
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress import frontend
from tinyml_compress.errors import CollapsedRange, ConversionError, TinymlError
from tinyml_compress.ops import operator

_SAMPLES = 32
_STILL = 1e-4
"""Of the largest output: what moves by less does not depend on the inputs."""


@dataclass(frozen=True)
class Movement:
    """How far a model's outputs move from one sample to another."""

    samples: int
    farthest: float
    largest: float
    """Of all outputs, in magnitude."""

    @property
    def is_none(self) -> bool:
        return self.samples > 1 and self.farthest <= _STILL * self.largest


def movement_of(model: Any, arrays: Sequence[npt.NDArray[Any]]) -> Movement:
    """Of a Keras model, over some of the samples that it is calibrated with."""
    given = [np.asarray(array[:_SAMPLES], np.float32) for array in arrays]
    answer = model.predict(given[0] if len(given) == 1 else given, verbose=0)
    outputs = [
        np.asarray(value, np.float64) for value in (answer if isinstance(answer, (list, tuple)) else [answer])
    ]
    farthest = max(float(np.ptp(value, axis=0).max(initial=0.0)) for value in outputs)
    return Movement(len(given[0]), farthest, max(float(np.abs(value).max(initial=0.0)) for value in outputs))


def collapsed_layer(tflite: bytes) -> CollapsedRange | None:
    """The first operator of the file on whose scales TensorFlow Lite Micro aborts; None too where we cannot
    tell.
    """
    try:
        graph = frontend.read(tflite, "model")
    except TinymlError:
        return None
    for view in graph.views():
        try:
            operator(view.node.op).check(view)
        except CollapsedRange as error:
            return error
        except TinymlError:
            continue  # what generated C lacks is no matter here
    return None


def refuse_collapsed(tflite: bytes, model: Any = None, arrays: Sequence[npt.NDArray[Any]] = ()) -> None:
    """Raise where a file made with these samples has ranges on which TensorFlow Lite Micro aborts."""
    layer = collapsed_layer(tflite)
    if layer is None:
        return
    moves = movement_of(model, arrays) if model is not None and arrays else None
    if moves is not None and moves.is_none:
        raise ConversionError(
            "the outputs of the model do not depend on its inputs",
            found=f"over {moves.samples} calibration samples no output moves by "
            f"more than {moves.farthest:.1e}; "
            f"TensorFlow Lite Micro aborts on the {layer.what.partition(':')[0]} "
            f"that they go through ({layer.found})",
            next_step=(
                "is the model trained? Train it or load its weights (keras.applications: weights='imagenet')"
            ),
        ) from layer
    raise ConversionError(
        (
            "the values of a layer hardly vary over the calibration data, and "
            "TensorFlow Lite Micro aborts on such a scale"
        ),
        which=layer.which,
        found=layer.found,
        allowed=layer.allowed,
        next_step="is the model trained? If it is, calibrate with samples as it will see them: "
        "`tinyml-compress data check` tells what is in a set",
    ) from layer
