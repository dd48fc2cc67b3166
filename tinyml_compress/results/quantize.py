"""A PyTorch model in int8, as PyTorch keeps it and as a .tflite file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tinyml_compress.results.base import Result, Sha256, Value
from tinyml_compress.results.score import Agreement, Score


class QuantizedForm(Value, frozen=True, kw_only=True):
    """The model in one form."""

    name: str
    """float, pt2 or tflite."""
    file_bytes: int | None = None
    """Exact; absent for the float model, which is the user's own."""
    weight_bytes: int | None = None
    """Of all weights and scales as that form keeps them, exact; absent for the .tflite file."""
    score: Score | None = None
    agreement: Agreement | None = None
    """With the float model."""
    seconds: float
    """Measured: the median of one sample, warm, 1 thread."""


class Quantization(Result, frozen=True, kw_only=True):
    """The float model, its int8 form in PyTorch, and its .tflite file."""

    verb: ClassVar[str] = "quantize"

    model: str
    model_sha256: Sha256
    scheme: str
    """static, dynamic or qat."""
    train: str | None = None
    """The function that trained on with int8 in sight."""
    calibration: str
    calibrated: int
    """Samples."""
    data: str
    samples: int
    torch: str
    runtime: str
    """What ran the .tflite file."""
    parameters: int
    forms: tuple[QuantizedForm, ...]
    together: Agreement
    """Of the int8 model in PyTorch and the .tflite file."""
    steps: float | None = None
    """The largest difference of the two, in steps of the .tflite file's int8 output; absent where that is
    float.
    """
    files: tuple[str, ...]
    folder: Path
