"""What a run of a recipe found, stage by stage: the values behind report.json, the terminal table and the
HTML page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.pipeline.compress.verdict import Verdict
from tinyml_compress.results import LayerWeights
from tinyml_compress.support.document import document
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.table import Block, Column, Numbers, Row, Table

__all__ = ["CompressionResult", "Sizes", "StageResult"]


@dataclass(frozen=True)
class Sizes:
    """Exact counts of a Keras model; MACs are absent where a layer's work cannot be counted."""

    parameters: int
    weights: int
    zeros: int
    macs: int | None
    ram: int | None

    @property
    def sparsity(self) -> float:
        return self.zeros / self.weights if self.weights else 0.0


@dataclass(frozen=True)
class StageResult:
    """One finished stage."""

    name: str
    use: str
    options: dict[str, Any]
    metric: str
    score: float | None
    interval: tuple[float, float] | None
    drop: float | None
    """Loss against the float model; absent where there is no score."""
    sizes: Sizes | None
    files: tuple[str, ...]
    notes: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    """What was done layer by layer; the first row holds the headings."""
    allocation: tuple[tuple[str, ...], ...] = ()
    """Which layer got how many zeros and what they were expected to buy on the device; headings first."""
    allocation_summary: str = ""
    history: dict[str, list[float]] = field(default_factory=dict)
    layers: tuple[tuple[str, float, int], ...] = ()
    """Layer, part of its kernel that is zero, its weights."""
    weights: tuple[LayerWeights, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    """Samples by true class (rows) and answer (columns)."""
    nbytes: int | None = None
    gzip_nbytes: int | None = None
    arena: int | None = None
    seconds: float = 0.0
    attempts: int = 1
    cached: bool = False

    def as_json(self) -> dict[str, Any]:
        """Absent values are left out."""
        found = asdict(self) | {"weights": msgspec.to_builtins(self.weights)}
        row = {key: value for key, value in found.items() if value not in (None, (), {}, [], "")}
        if self.sizes is not None:
            row["sizes"] = {key: value for key, value in asdict(self.sizes).items() if value is not None}
            row["sizes"]["sparsity"] = round(self.sizes.sparsity, 6)
        return row

    def to_text(self) -> str:
        """For the cache."""
        return json.dumps(asdict(self) | {"weights": msgspec.to_builtins(self.weights)})

    @staticmethod
    def from_text(text: str) -> StageResult:
        """The inverse of `to_text`."""
        row = json.loads(text)
        sizes = row.pop("sizes")
        row["sizes"] = None if sizes is None else Sizes(**sizes)
        for key in ("files", "notes"):
            row[key] = tuple(row[key])
        for key in ("table", "allocation"):
            row[key] = tuple(tuple(line) for line in row[key])
        row["layers"] = tuple((name, part, count) for name, part, count in row["layers"])
        row["weights"] = msgspec.convert(row.get("weights", ()), tuple[LayerWeights, ...])
        row["confusion"] = tuple(tuple(one) for one in row.get("confusion", ()))
        row["interval"] = None if row["interval"] is None else tuple(row["interval"])
        return StageResult(**row)


@dataclass(frozen=True)
class Tried:
    """One recipe that `--auto` ran, or left out for the reason given."""

    name: str
    sparsity: float
    epochs: int
    drop: float | None = None
    interval: tuple[float, float] | None = None
    nbytes: int | None = None
    """Constants of the generated C."""
    seconds: float | None = None
    left_out: str = ""

    @property
    def points(self) -> float | None:
        """The drop as people read it."""
        return None if self.drop is None else 100 * self.drop

    def as_json(self) -> dict[str, Any]:
        """Absent values are left out."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}


@dataclass(frozen=True)
class CompressionResult(Displayed):
    """A whole run; `breach` says which guard was broken, if any."""

    model: str
    model_sha256: str
    recipe: str
    title: str
    data: str | None
    seed: int
    baseline: StageResult
    stages: tuple[StageResult, ...]
    folder: Path
    seconds: float
    breach: str | None = None
    verdict: Verdict | None = None
    """None where a guard of a stage was broken before the end, or nothing was compressed."""
    warnings: tuple[str, ...] = ()
    """What was wrong with the samples before anything ran."""
    tried: tuple[Tried, ...] = ()
    """By `--auto`, the cheapest first."""
    choice: str = ""
    """Why this recipe, of those tried."""

    @property
    def tflite(self) -> Path | None:
        """The last converted file."""
        found = [
            self.folder / stage.name / file
            for stage in self.stages
            for file in stage.files
            if file.endswith(".tflite")
        ]
        return found[-1] if found else None

    def as_json(self) -> dict[str, Any]:
        """report.json, schema 1."""
        found = {
            "model": self.model,
            "model_sha256": self.model_sha256,
            "recipe": self.recipe,
            "title": self.title,
            **({} if self.data is None else {"data": self.data}),
            "seed": self.seed,
            "baseline": self.baseline.as_json(),
            "stages": [stage.as_json() for stage in self.stages],
            "seconds": round(self.seconds, 2),
            **({"warnings": list(self.warnings)} if self.warnings else {}),
            **({"tried": [one.as_json() for one in self.tried], "choice": self.choice} if self.tried else {}),
            **({} if self.breach is None else {"breach": self.breach}),
            **({} if self.verdict is None else {"verdict": self.verdict.as_json()}),
        }
        return document("compress", found)

    def blocks(self) -> list[Block]:
        """A line per stage, the zeros per layer of stages that were given a price, and how it ended."""
        notes = tuple(f"{stage.name}: {note}" for stage in self.stages for note in stage.notes)
        rows = tuple(_row(stage) for stage in (self.baseline, *self.stages))
        title = f"{self.model}, recipe {self.recipe}: {self.title}"
        blocks: list[Block] = [Table(_COLUMNS, rows, title, notes)]
        for stage in self.stages:
            if stage.allocation:
                blocks += ["", _allocation(f"{stage.name}: {stage.allocation_summary}", stage.allocation)]
        if self.tried:
            rows = tuple(
                (
                    one.name,
                    None if one.drop is None else 100 * one.drop,
                    one.nbytes,
                    one.seconds,
                    one.left_out,
                )
                for one in self.tried
            )
            blocks += ["", Table(_TRIED, rows, "tried, the cheapest first"), f"chosen: {self.choice}"]
        blocks += [f"warning: {text}" for text in self.warnings]
        if self.breach is not None:
            blocks.append(f"STOPPED: {self.breach}")
        if self.verdict is not None:
            blocks.append(self.verdict.text())
        return [*blocks, f"wrote {self.folder} ({self.seconds:.0f} s)"]


_COLUMNS = (
    Column("stage"),
    Column("score", right=True, absent="-"),
    Column("95% interval", right=True, priority=4, absent="-"),
    Column("drop", right=True, absent="-"),
    Column("parameters", "{:,}", priority=3, absent="-"),
    Column("zeros", "{:.1%}", priority=1, absent="-"),
    Column("MACs", "{:,}", priority=5, absent="-"),
    Column("file", "{:,}", absent="-"),
    Column("gzip", "{:,}", priority=2, absent="-"),
    Column("time", "{:.1f} s", priority=6, absent="-"),
)

_TRIED = (
    Column("recipe"),
    Column("drop, points", "{:+.2f}", absent="-"),
    Column("weights, B", "{:,}", absent="-"),
    Column("time", "{:.0f} s", absent="-", priority=1),
    Column("left out", absent="", priority=2),
)


def _row(stage: StageResult) -> Row:
    sizes = stage.sizes
    return (
        stage.name,
        None if stage.score is None else Numbers((stage.score,), ScoreKind(stage.metric).form),
        None if stage.interval is None else Numbers(stage.interval, "{:.1%} to {:.1%}"),
        None if stage.drop is None else Numbers((stage.drop * 100,), "{:+.2f}"),
        None if sizes is None else sizes.parameters,
        None if sizes is None else sizes.sparsity,
        None if sizes is None else sizes.macs,
        stage.nbytes,
        stage.gzip_nbytes,
        "cached" if stage.cached else stage.seconds,
    )


def _allocation(title: str, rows: Sequence[tuple[str, ...]]) -> Table:
    """What a stage says of its layers: the result holds it as text, headings first."""
    columns = tuple(Column(name, right=place > 0) for place, name in enumerate(rows[0]))
    return Table(columns, tuple(rows[1:]), title)
