"""The float model beside an integer one, as a graph that LiteRT can run with every inner result kept."""

from __future__ import annotations

from pathlib import Path

from tinyml_compress import frontend
from tinyml_compress.errors import UsageError
from tinyml_compress.ir import Graph
from tinyml_compress.support import files

__all__ = ["float_graph"]


def float_graph(reference: str | Path) -> Graph:
    """From a float .tflite file, or from a Keras model, which is converted without quantization."""
    path = Path(str(reference))
    content = files.read_bytes(path) if path.suffix.lower() == ".tflite" else _converted(reference)
    graph = frontend.read(content, "reference")
    # Numbers of words and places in tables are whole in a float model too: they have no scale.
    quantized = [name for name in graph.inputs if graph.tensors[name].quant is not None]
    if quantized:
        raise UsageError(
            "the reference is not a float model",
            which=reference,
            found=f"input {quantized[0]} of {graph.tensors[quantized[0]].dtype.numpy}",
            allowed="a float .tflite file (convert --mode float32) or a Keras model",
        )
    return graph


def _converted(spec: str | Path) -> bytes:
    from tinyml_compress import converter, models
    from tinyml_compress.converter.settings import Mode, Settings
    from tinyml_compress.support import backend

    loaded = models.load(spec)
    with backend.quiet():
        return converter.to_tflite(
            loaded.model, [], Settings(Mode.FLOAT32), environment=backend.quiet_variables(), seed=0
        )
