"""A model made a .tflite file with all that firmware needs of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tinyml_compress.results.base import Result, Sha256, Value
from tinyml_compress.results.check import Refused
from tinyml_compress.results.figures import Kind
from tinyml_compress.results.inspect import Inspection
from tinyml_compress.results.made import Compiled


class Given(Value, frozen=True, kw_only=True):
    """The model that was converted; paths have lost their folders."""

    spec: str
    format: str
    sha256: str
    bridge_largest_difference: float | None = None
    """Of a model that was rebuilt for Keras 2, to the original."""


class Settings(Value, frozen=True, kw_only=True):
    """How it was converted."""

    mode: str
    io: str
    """Type of inputs and outputs."""
    per_tensor_dense: bool
    allow_float: bool
    weight_bits: int | None = None
    """Where they are not 8."""
    wide: tuple[str, ...] | None = None
    """Layers in int16x8."""
    stripped_bytes: int | None = None
    """Names, metadata and scales that were removed."""
    seed: int
    samples: int
    calibration: str | None = None
    calibration_sha256: Sha256 | None = None


class PortFacts(Value, frozen=True, kw_only=True):
    """An input or output."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None = None
    zero_point: int | None = None


class Number(Value, frozen=True, kw_only=True):
    """A number with its kind."""

    value: int
    kind: Kind
    how: str | None = None


class Manifest(Value, frozen=True, kw_only=True):
    """What was made, of what, how: the same for the same input, wherever it lies."""

    name: str
    model: Given
    conversion: Settings
    preprocessing: Mapping[str, Any] | None = None
    """How inputs are made from sensor values."""
    operators: tuple[str, ...]
    float_operators: tuple[str, ...]
    """Kinds that stayed float."""
    inputs: tuple[PortFacts, ...]
    outputs: tuple[PortFacts, ...]
    numbers: Mapping[str, Number]
    test_vectors: int
    tflm: str | None = None
    """Why there is no arena."""
    files: Mapping[str, Sha256]
    """By file name."""


class ValueGain(Value, frozen=True, kw_only=True):
    """What it is worth to keep one layer's result in int16: its maker and all that reads it then
    are int16x8.
    """

    layer: str
    """Whose result it is; an input's own name."""
    layers: tuple[str, ...]
    """All layers that have to be wide for it."""
    places: tuple[int, ...]
    macs: int
    """Of those layers."""
    error: float
    """Mean squared difference of the outputs from the float model's, with this value alone in int16."""
    score: float
    """Of the model with this value alone in int16, on the samples of the ranking."""
    is_wide: bool = False


class Mixed(Value, frozen=True, kw_only=True):
    """Which layers stayed in int16x8, and why."""

    metric: str
    max_drop: float
    float_score: float
    int8_score: float
    score: float
    drop: float
    int8_output_error: float
    ranking_samples: int
    scored_samples: int
    wide: tuple[str, ...]
    """Layers in int16x8."""
    wide_macs: float = 0.0
    """Their part of the MACs."""
    layers: tuple[ValueGain, ...]
    """The ranking; the value whose int8 form hurts most for its work first."""
    int16_score: float | None = msgspec.field(default=None, name="int16x8_score")
    """Of the whole model in int16x8; absent where int8 was good enough."""


class ForNpu(Value, frozen=True, kw_only=True):
    """The model as an NPU's compiler places it, in a folder of its own."""

    device: str
    accelerator: str
    by: str
    nbytes: int = msgspec.field(name="bytes")
    """Of the file with command streams. Exact."""
    tensors: int = msgspec.field(name="arena_tensor_bytes")
    """Modelled by the NPU's compiler."""
    interpreter: int = msgspec.field(name="arena_interpreter_bytes")
    """What TensorFlow Lite Micro keeps beside them: modelled, on the safe side."""
    refused: str | None = None
    """Why there is no C around the command streams."""
    left: tuple[Refused, ...]
    """Layers that stay on the core."""
    files: Mapping[str, Sha256]


class Conversion(Manifest, Result, frozen=True, kw_only=True):
    """What `convert` made and where: the manifest, and what does not belong into it."""

    verb: ClassVar[str] = "convert"

    origin: str = ""
    """The model as given, and how it was read."""
    tflm_failed: bool | None = None
    """TensorFlow Lite Micro was asked and gave no answer to rely on: another time it may."""
    notes: tuple[str, ...] | None = None
    """What did not become as it was asked for, and why."""
    mixed: Mixed | None = None
    npu: ForNpu | None = None
    """For the NPU that was asked for."""
    aot: Compiled | None = None
    """The generated C, where it was asked for."""
    folder: Path
    seconds: float
    """Measured."""
    inspection: Inspection | None = None
    inspection_absent: str | None = None
    """Why the file could not be looked into."""

    @property
    def path(self) -> Path:
        """The .tflite file."""
        return self.folder / f"{self.name}.tflite"

    def number(self, name: str) -> int | None:
        """Of the numbers."""
        return self.numbers[name].value if name in self.numbers else None
