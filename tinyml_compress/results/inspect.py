"""What is in models: layers, parameters, work, zeros, bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tinyml_compress.results.base import Result, Sha256, Shown, Value
from tinyml_compress.results.ledger import Ledger
from tinyml_compress.results.made import CompiledNode


class Values(Value, frozen=True, kw_only=True):
    """A constant tensor's numbers: how many, how many are zero, and the range of what they stand for."""

    count: int
    zeros: int
    lowest: float
    highest: float
    edges: tuple[float, float]
    """Outer edges of the histogram."""
    histogram: tuple[int, ...]
    """Of the weights that are not zero."""

    @property
    def part(self) -> float:
        """Which part of them is zero."""
        return self.zeros / max(1, self.count)


class LayerFacts(Value, frozen=True, kw_only=True):
    """One operator of a .tflite file, or one layer of a Keras model, as it stands there."""

    index: int
    op: str
    name: str
    inputs: tuple[str, ...]
    output: str
    quantization: str
    macs: int | None = None
    """Exact; absent where the work of a Keras layer is not known."""
    parameters: int
    weights: Values | None = None
    dtype: str | None = None
    """Of its weights."""


class LayerCurve(Value, frozen=True, kw_only=True):
    """One layer that alone has less of something: how far the outputs moved at each step."""

    layer: str
    kind: str
    """The layer's class."""
    weights: int
    means: str
    """zeros, channels, ranks or bits."""
    moved: tuple[float, ...]
    """A number per step."""

    @property
    def middle(self) -> float:
        """At the middle step."""
        return self.moved[len(self.moved) // 2]


class Sensitivity(Value, frozen=True, kw_only=True):
    """What each layer's compression does to the outputs, one layer at a time, without training; measured."""

    samples: int
    unit: str
    steps: Mapping[str, tuple[float, ...]]
    """What was tried by means: parts that go, or bits that stay."""
    dear: tuple[str, ...]
    """Layers whose weights count for much more than those of the others."""
    layers: tuple[LayerCurve, ...]

    def middle(self, means: str) -> float:
        """The middle step."""
        return self.steps[means][len(self.steps[means]) // 2]


class Inspection(Shown, frozen=True, kw_only=True):
    """One model; `missing` says why something is not known. Counts and bytes are exact."""

    path: str
    """As given: a file, a folder, zoo:NAME."""
    sha256: Sha256
    ledger: Ledger | None = None
    """Of a .tflite file."""
    operators: Mapping[str, int]
    """How often each is there."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[LayerFacts, ...]
    macs: int | None = None
    parameters: int
    zeros: int
    arena_bytes: int | None = None
    arena_lower_bound: int | None = None
    kernels: tuple[CompiledNode, ...] = ()
    """Of a .tflite file: what `compile` would run, and why, unless it is told otherwise."""
    missing: str | None = None
    form: str = "TensorFlow Lite file"
    nbytes: int | None = None
    """Of the file or folder; absent for what is in none."""
    dtypes: Mapping[str, int] = {}
    """Parameters by element type."""
    about: str | None = None
    """How a Keras model was read, where that is worth telling."""
    sensitivity: Sensitivity | None = None


class Inspections(Result, frozen=True, kw_only=True):
    """Models side by side."""

    verb: ClassVar[str] = "inspect"

    models: tuple[Inspection, ...]
