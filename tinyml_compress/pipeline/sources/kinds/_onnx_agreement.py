"""What was made of an ONNX model against onnxruntime's answers to the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter.onnx.model import OnnxModel
from tinyml_compress.converter.onnx.ports import FixedPort
from tinyml_compress.data import DataSet
from tinyml_compress.errors import ConversionError, MissingDependency, TinymlError
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.evaluate.file_engines import predictor
from tinyml_compress.results import Engine

Array = npt.NDArray[np.generic]
_EXACT = 1e-3
"""Of the largest output: what sums in another order may differ by, and hardly any error of translation."""


class _Asked(Protocol):
    spec: str

    @property
    def model(self) -> OnnxModel: ...
    @property
    def ports(self) -> list[FixedPort]: ...
    def runtime_answers(self, samples: Sequence[Array], note: object) -> Mapping[str, Array]: ...


def agreement(
    source: _Asked, done: Converted, samples: Sequence[Array], built: Mapping[str, Array]
) -> tuple[str, ...]:
    """Lines that tell it; ConversionError where the translation itself is wrong."""
    try:
        truth = source.runtime_answers(samples, None)
    except MissingDependency as error:
        return (f"not compared with onnxruntime: {error.what}; {error.next_step}",)
    count = len(samples[0]) if samples else 1
    return (
        *_translation(source, built, truth, count, done.settings.mode.full_integer),
        *_file(source, done, samples, truth),
    )


def _translation(
    source: _Asked, built: Mapping[str, Array], truth: Mapping[str, Array], count: int, rounds: bool
) -> tuple[str, ...]:
    worst, where = 0.0, ""
    for name, port in zip(sorted(truth), source.model.graph.outputs, strict=True):
        difference = _difference(built[name], truth[name])
        if difference > worst or not where:
            worst, where = difference, port.name
    if rounds and source.model.is_quantized:
        return (f"the graph with the model's own scales differs from onnxruntime by {worst:.1%} at most "
                f"on {count} samples",)  # fmt: skip
    if rounds and source.model.has_gelu:
        return (f"the graph with GELU as x * sigmoid(1.702 x), which integers have, differs from onnxruntime "
                f"by {worst:.1%} at most on {count} samples",)  # fmt: skip
    if worst > _EXACT:
        raise ConversionError(
            "what was built of the ONNX model does not answer as onnxruntime does",
            which=f"{source.spec}, output {where}",
            found=f"a difference of {worst:.2g} of the largest output, on {count} samples",
            allowed=f"{_EXACT:.0e}",
            next_step="this is a defect of the conversion: give the model to another converter",
        )
    return (f"answers as onnxruntime does: {worst:.1e} of the largest output apart at most, {count} samples",)


def _difference(array: Array, truth: Array) -> float:
    if array.size != truth.size:
        return float("inf")
    a, b = array.reshape(-1).astype(np.float64), truth.reshape(-1).astype(np.float64)
    away = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
    size = np.abs(b[np.isfinite(b)]).max(initial=1e-6)
    return float(np.nan_to_num(away, nan=np.inf).max(initial=0.0) / size)


def _file(
    source: _Asked, done: Converted, samples: Sequence[Array], truth: Mapping[str, Array]
) -> tuple[str, ...]:
    """The finished file, its first output."""
    named = tuple(
        (port.title, np.asarray(array, np.float32)) for port, array in zip(source.ports, samples, strict=True)
    )
    data = DataSet("compared", named[0][1], named=named if len(named) > 1 else ())
    try:
        answers = predictor(done.tflite, "compared", Engine.HOST)(data)
    except TinymlError as error:
        return (f"the file was not run here: {error.what}",)
    first = truth["y000"]
    difference = _difference(answers, first)
    text = f"{done.settings.mode.value} file: {difference:.2%} of the largest output apart at most"
    step = done.file.outputs[0].quant
    if step is not None:
        largest = np.abs(answers.reshape(-1) - first.reshape(-1).astype(np.float32)).max(initial=0.0)
        text += f" ({largest / float(np.max(step.scales)):.1f} steps)"
    if first.ndim == 2 and first.shape[1] > 1:
        same = int((answers.reshape(first.shape).argmax(1) == first.argmax(1)).sum())
        text += f", the same class in {same} of {len(first)}"
    return (text,)
