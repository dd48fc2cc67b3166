"""The whole way on shipped data, from an untrained network to a verdict for every board."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec

from tinyml_compress.results.base import Result, Value, decoded
from tinyml_compress.results.benchmark import Benchmark
from tinyml_compress.results.convert import Conversion
from tinyml_compress.results.evaluate import Evaluation

Bytes = Annotated[int, msgspec.Meta(ge=0)]
Document = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"$ref": "#/$defs/result"})]


class DemoTraining(Value, frozen=True, kw_only=True):
    """Per epoch."""

    loss: tuple[float, ...]
    score: tuple[float, ...]


class UnderTflm(Value, frozen=True, kw_only=True):
    """A board under TensorFlow Lite Micro."""

    device: str
    fits: bool
    verdict: str
    """Fits, or what the board lacks."""
    device_flash_bytes: Bytes
    """What the board has."""
    device_ram_bytes: Bytes
    """What the board has."""
    flash: Mapping[str, Bytes]
    """Bytes as in a benchmark with engine tflm."""
    ram: Mapping[str, Bytes]
    """Bytes as in a benchmark with engine tflm."""


class Demo(Result, frozen=True, kw_only=True):
    """The whole way on shipped data."""

    verb: ClassVar[str] = "demo"
    aside: ClassVar[tuple[str, ...]] = ("folder",)

    data: str
    test: str
    seed: int
    training: DemoTraining
    results: tuple[Document, Document, Document, Document]
    """Of the verbs that the demonstration stands for: convert, evaluate, evaluate --ladder, benchmark."""
    with_tflm: tuple[UnderTflm, ...]
    """Each board under TensorFlow Lite Micro; empty where it is not installed."""
    with_tflm_assumptions: tuple[str, ...]
    """What these answers rest on besides exact sizes."""
    float_bytes: Bytes = 0
    """Of the .tflite file in float32."""
    seconds: float = 0.0
    folder: Path = msgspec.field(default_factory=Path)

    @property
    def conversion(self) -> Conversion:
        return decoded(Conversion, self.results[0])

    @property
    def evaluation(self) -> Evaluation:
        return decoded(Evaluation, self.results[1])

    @property
    def benchmark(self) -> Benchmark:
        return decoded(Benchmark, self.results[3])
