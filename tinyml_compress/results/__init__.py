"""What each verb finds, as one frozen value: text, pages, JSON, gates and notebooks are renderings of it."""

from tinyml_compress.results.base import Result, Value, decoded, encoded
from tinyml_compress.results.benchmark import (
    Agreement,
    Benchmark,
    Failure,
    Measurement,
    ModelFacts,
    NodeCost,
    Placement,
)
from tinyml_compress.results.figures import Figure, Kind

__all__ = [
    "Agreement",
    "Benchmark",
    "Failure",
    "Figure",
    "Kind",
    "Measurement",
    "ModelFacts",
    "NodeCost",
    "Placement",
    "Result",
    "Value",
    "decoded",
    "encoded",
]
