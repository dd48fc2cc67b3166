"""What a run of a recipe found, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tinyml_compress.results.base import Result, Value
from tinyml_compress.results.listing import Listing
from tinyml_compress.results.weights import LayerWeights


class Sizes(Value, frozen=True, kw_only=True):
    """Exact counts of a Keras model."""

    derived: ClassVar[tuple[str, ...]] = ("sparsity",)

    parameters: int
    weights: int
    zeros: int
    macs: int | None = None
    """Absent where a layer's work cannot be counted, as the next."""
    ram: int | None = None

    @property
    def sparsity(self) -> float:
        """Which part of the weights is zero."""
        return round(self.zeros / self.weights, 6) if self.weights else 0.0


class LastTables(Value, frozen=True, kw_only=True):
    """Tables as texts."""

    table: tuple[tuple[str, ...], ...] | None = None
    """What was done layer by layer; headings first."""
    allocation: tuple[tuple[str, ...], ...] | None = None
    """Which layer got how many zeros; headings first."""


class StageResult(Value, frozen=True, kw_only=True):
    """One step of a recipe."""

    last_form: ClassVar[type[Value] | None] = LastTables

    name: str
    use: str
    metric: str
    options: Mapping[str, Any] | None = None
    score: float | None = None
    interval: tuple[float, float] | None = None
    """Lower and upper end of the 95% interval."""
    drop: float | None = None
    """Loss against the float model; absent where there is no score."""
    sizes: Sizes | None = None
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    changes: Listing | None = None
    """What was done layer by layer."""
    shares: Listing | None = None
    """Which layer got how many zeros, and what they were expected to buy on the device."""
    allocation_summary: str | None = None
    """The same in one sentence."""
    history: Mapping[str, tuple[float, ...]] | None = None
    """Per epoch."""
    layers: tuple[tuple[str, float, int], ...] = ()
    """Layer, part of its kernel that is zero, its weights."""
    weights: tuple[LayerWeights, ...] = ()
    confusion: tuple[tuple[int, ...], ...] | None = None
    """Samples by true class (rows) and answer (columns)."""
    nbytes: int | None = None
    """Of the converted file, exact."""
    gzip_nbytes: int | None = None
    """Measured."""
    arena: int | None = None
    """Bytes, exact."""
    seconds: float = 0.0
    """Measured."""
    attempts: int = 1
    cached: bool = False

    def in_words_of_last(self) -> Value | None:
        tables = (None if one is None else one.words for one in (self.changes, self.shares))
        return LastTables(**dict(zip(("table", "allocation"), tables, strict=True)))


class Word(Enum):
    """The verdict in a word."""

    WITHIN = "within"
    LOST = "lost"
    CANNOT_TELL = "cannot tell"
    NOT_JUDGED = "not judged"


class Judgement(Value, frozen=True, kw_only=True):
    """What the compressed model lost against the float one, and whether that is allowed."""

    derived: ClassVar[tuple[str, ...]] = ("text",)

    word: Word
    allowed: float
    """Part of a share, or growth of an error."""
    drop: float | None = None
    interval: tuple[float, float] | None = None
    """95%, from the same samples under both models."""
    samples: int | None = None
    needed: int | None = None
    """About how many samples would tell."""
    stage: str | None = None
    """Which stage cost most."""
    layer: str | None = None
    """Which of its layers, put alone into the float model, moves the outputs most."""

    @property
    def text(self) -> str:
        """One sentence, and the next step where there is one."""
        if self.drop is None or self.interval is None:
            return (
                "NOT JUDGED: no labelled samples to score by; give --eval-data "
                "with labels, or compare outputs"
            )
        low, high = self.interval
        lost = (
            f"{100 * self.drop:+.2f} points lost (95%: {100 * low:+.2f} to "
            f"{100 * high:+.2f}, {self.samples:,} samples)"
        )
        limit = f"{100 * self.allowed:g} allowed"
        if self.word is Word.WITHIN:
            return f"WITHIN: {lost}, {limit}"
        if self.word is Word.CANNOT_TELL:
            need = "" if self.needed is None else f"; about {self.needed:,} samples would tell"
            return f"CANNOT TELL: {lost}, {limit}, and the interval holds more and less than that{need}"
        place = f", most of it in stage {self.stage}" + (f", layer {self.layer}" if self.layer else "")
        return f"LOST: {lost}, {limit}{place}"


class Tried(Value, frozen=True, kw_only=True):
    """One recipe that `--auto` ran, or left out for the reason given."""

    name: str
    sparsity: float
    epochs: int
    drop: float | None = None
    interval: tuple[float, float] | None = None
    nbytes: int | None = None
    """Constants of the generated C, exact."""
    seconds: float | None = None
    """Measured."""
    left_out: str | None = None


class Compression(Result, frozen=True, kw_only=True):
    """A run of a recipe."""

    verb: ClassVar[str] = "compress"
    aside: ClassVar[tuple[str, ...]] = ("folder",)

    model: str
    model_sha256: str
    recipe: str
    title: str
    data: str | None = None
    seed: int
    baseline: StageResult
    """The float model."""
    stages: tuple[StageResult, ...]
    seconds: float
    """Measured."""
    breach: str | None = None
    """Which guard was broken."""
    verdict: Judgement | None = None
    """Absent where a guard of a stage was broken before the end, or nothing was compressed."""
    warnings: tuple[str, ...] = ()
    """What was wrong with the samples before anything ran."""
    tried: tuple[Tried, ...] = ()
    """By `--auto`, the cheapest first."""
    choice: str | None = None
    """Why this recipe of those tried."""
    folder: Path = msgspec.field(default_factory=Path)
    """Where everything was written."""

    @property
    def tflite(self) -> Path | None:
        """The last converted file."""
        paths = [
            self.folder / stage.name / file
            for stage in self.stages
            for file in stage.files
            if file.endswith(".tflite")
        ]
        return paths[-1] if paths else None

    @classmethod
    def of_last_version(cls, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        stages = [_upgraded(stage) for stage in stored["stages"]]
        return {**stored, "baseline": _upgraded(stored["baseline"]), "stages": stages}


def _upgraded(stage: Mapping[str, Any]) -> Mapping[str, Any]:
    """With what was text alone."""
    upgraded = {**stage}
    for new, old in (("changes", "table"), ("shares", "allocation")):
        if stage.get(old) and new not in stage:
            head, *rows = stage[old]
            upgraded[new] = {"columns": [{"title": title} for title in head], "rows": rows}
    return upgraded
