"""`inspect`: what is in a model of any form."""

from __future__ import annotations

from pathlib import Path

from tinyml_compress.data import DataSet, load
from tinyml_compress.pipeline.sources.source import source_of
from tinyml_compress.results import Inspection
from tinyml_compress.support.trust import trusting


def inspect(
    model: str | Path, data: str | Path | DataSet | None = None, *, trust: bool = False
) -> Inspection:
    """What is in a .tflite file, or in anything that `convert` takes: layers, parameters, MACs, zeros, bytes.

    With `data`, calibration samples for a Keras model, also what compressing each layer does to the outputs.
    `trust` is your word for a model file that holds code.
    """
    samples = load(data) if isinstance(data, (str, Path)) else data
    with trusting(trust):
        return source_of(model).inspected(samples)
