"""A model of any form, ready to answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyml_compress.pipeline.evaluate.file_engines import Predict
from tinyml_compress.pipeline.sources.source import Source, source_of
from tinyml_compress.results import Engine


@dataclass(frozen=True)
class Evaluator:
    """A model that is ready to compute outputs for samples."""

    model: str
    engine: Engine
    sha256: str
    nbytes: int | None
    """Size of the .tflite file; absent for Keras models."""
    predict: Predict


def evaluator(model: str | Path | Source, engine: str = "auto") -> Evaluator:
    """`model` made ready under an engine, or the one that its form means."""
    source = model if isinstance(model, Source) else source_of(model)
    chosen = source.engine(engine)
    size = None if source.file is None else len(source.file)
    return Evaluator(source.spec, chosen, source.origin.sha256, size, source.predictor(chosen))
