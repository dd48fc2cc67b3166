"""What each verb finds, as one frozen value: text, pages, JSON, gates and notebooks are renderings of it."""

from tinyml_compress.results.base import Result, Value, decoded, encoded
from tinyml_compress.results.benchmark import (
    Benchmark,
    BitExact,
    Failure,
    Measurement,
    ModelFacts,
    NodeCost,
    Placement,
)
from tinyml_compress.results.evaluate import Engine, Evaluation, Evaluations, Task
from tinyml_compress.results.figures import Figure, Kind
from tinyml_compress.results.score import Agreement, Score
from tinyml_compress.results.verify import Difference, Divergence, Verification

__all__ = [
    "Agreement",
    "Benchmark",
    "BitExact",
    "Difference",
    "Divergence",
    "Engine",
    "Evaluation",
    "Evaluations",
    "Failure",
    "Figure",
    "Kind",
    "Measurement",
    "ModelFacts",
    "NodeCost",
    "Placement",
    "Result",
    "Score",
    "Task",
    "Value",
    "Verification",
    "decoded",
    "encoded",
]
