"""Where engines part on the same inputs, and how far each layer is from the float model."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import msgspec

from tinyml_compress.results.base import Result, Value
from tinyml_compress.results.evaluate import Engine
from tinyml_compress.results.verify import Difference, Divergence

Decibel = float | Literal["no noise"]
"""Signal to quantization noise; JSON knows no infinity."""


class EngineRung(Value, frozen=True, kw_only=True):
    """One engine on the ladder."""

    engine: Engine
    absent: str | None = None
    """Why it could not run."""


class Step(Difference, frozen=True, kw_only=True):
    """Two neighbouring engines on the same inputs: how the model's outputs differ."""

    below: Engine = msgspec.field(name="from")
    above: Engine = msgspec.field(name="to")
    first: Divergence | None = msgspec.field(default=None, name="first_divergence")
    """The first layer that gives other values; absent when no layer does."""


class LayerNoise(Value, frozen=True, kw_only=True):
    """How much of a layer's signal is left of its quantization: 10 log10(signal power / noise power)."""

    index: int
    """Of the integer model's node."""
    op: str
    layer: str
    sqnr_db: Decibel

    @property
    def decibels(self) -> float:
        """As a number."""
        return math.inf if isinstance(self.sqnr_db, str) else self.sqnr_db


class Ladder(Result, frozen=True, kw_only=True):
    """One model under every engine."""

    verb: ClassVar[str] = "evaluate ladder"

    model: str
    model_sha256: str
    samples: int
    inputs: Literal["data", "edges and random"]
    """Of a data set; otherwise edges of the range and random values, which layers seldom see."""
    rungs: tuple[EngineRung, ...]
    steps: tuple[Step, ...]
    litert: str | None = None
    """Which LiteRT ran: its kernels changed between versions."""
    reference: str | None = None
    """The float model, where one was given."""
    layers: tuple[LayerNoise, ...] | None = None
    """Noise of each layer against it."""
    output_sqnr_db: Decibel | None = None
    """The same of the outputs, under TFLM, else the first engine present."""
    layers_absent: str | None = None
    """Why there is no noise per layer."""
