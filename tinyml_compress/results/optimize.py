"""A model of `transformers` made smaller: what each step saved, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from tinyml_compress.results.base import Result, Sha256, Value
from tinyml_compress.results.score import Agreement, Score


class OptimizedStep(Value, frozen=True, kw_only=True):
    """The model after one step; absent values want data."""

    derived: ClassVar[tuple[str, ...]] = ("zero_part",)

    name: str
    """original, pruning, threshold, int8 or fp16."""
    dense_bytes: int
    """Of the weights' file with every value in it, exact."""
    stored_bytes: int
    """Of the file as it is written, zeros left out where that is smaller, exact."""
    zeros: int
    """Exact."""
    weights: int
    """Of linear layers, convolutions and tables, exact."""
    score: Score | None = None
    agreement: Agreement | None = None
    """With the original."""
    lost: float | None = None
    """Of accuracy, or of the cosine, against the step before, in parts of 1."""
    lost_interval: tuple[float, float] | None = None
    """95%, from the same samples."""
    seconds: Mapping[str, float]
    """Measured: the median of one call, warm, by the number of texts in it."""

    @property
    def zero_part(self) -> float:
        return self.zeros / self.weights if self.weights else 0.0


class Optimization(Result, frozen=True, kw_only=True):
    """All steps, the original first."""

    verb: ClassVar[str] = "optimize"
    derived: ClassVar[tuple[str, ...]] = ("saved",)

    model: str
    model_sha256: Sha256
    architecture: str
    parameters: int
    length: int
    """Tokens of a text."""
    threads: int
    """That the times were measured with."""
    knobs: Mapping[str, str]
    data: str | None = None
    samples: int | None = None
    calibration: str | None = None
    """The texts that static int8 took its ranges from."""
    calibration_samples: int | None = None
    unseen_words: int | None = None
    """Words with a tag that the length of the texts cut off: they are no part of the scores."""
    steps: tuple[OptimizedStep, ...]
    files: tuple[str, ...]
    folder: Path

    @property
    def saved(self) -> float:
        """Part of the original file that the written one does without."""
        return 1 - self.steps[-1].stored_bytes / self.steps[0].dense_bytes
