"""What a run of a recipe found, stage by stage: the values behind report.json, the terminal table and the HTML page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.pipeline.layer_weights import LayerWeights
from tinyml_compress.support.document import document
from tinyml_compress.support.notebook import Displayed

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
        row = {key: value for key, value in asdict(self).items() if value not in (None, (), {}, [], "")}
        if self.sizes is not None:
            row["sizes"] = {key: value for key, value in asdict(self.sizes).items() if value is not None}
            row["sizes"]["sparsity"] = round(self.sizes.sparsity, 6)
        return row

    def to_text(self) -> str:
        """For the cache."""
        return json.dumps(asdict(self))

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
        row["weights"] = tuple(LayerWeights.of(one) for one in row.get("weights", ()))
        row["confusion"] = tuple(tuple(one) for one in row.get("confusion", ()))
        row["interval"] = None if row["interval"] is None else tuple(row["interval"])
        return StageResult(**row)


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

    @property
    def tflite(self) -> Path | None:
        """The last converted file."""
        found = [
            self.folder / stage.name / file for stage in self.stages for file in stage.files if file.endswith(".tflite")
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
            **({} if self.breach is None else {"breach": self.breach}),
        }
        return document("compress", found)

    def summary(self) -> str:
        """The terminal table."""
        rows = [("stage", "score", "95% interval", "drop", "parameters", "zeros", "MACs", "file", "gzip", "time")]
        for stage in (self.baseline, *self.stages):
            sizes = stage.sizes
            rows.append(
                (
                    stage.name,
                    "-" if stage.score is None else ScoreKind(stage.metric).shown(stage.score),
                    "-" if stage.interval is None else f"{stage.interval[0]:.1%} to {stage.interval[1]:.1%}",
                    "-" if stage.drop is None else f"{stage.drop * 100:+.2f}",
                    "-" if sizes is None else f"{sizes.parameters:,}",
                    "-" if sizes is None else f"{sizes.sparsity:.1%}",
                    "-" if sizes is None or sizes.macs is None else f"{sizes.macs:,}",
                    "-" if stage.nbytes is None else f"{stage.nbytes:,}",
                    "-" if stage.gzip_nbytes is None else f"{stage.gzip_nbytes:,}",
                    "cached" if stage.cached else f"{stage.seconds:.1f} s",
                )
            )
        lines = _aligned(rows)
        for stage in self.stages:
            if stage.allocation:
                lines += ["", f"{stage.name}: {stage.allocation_summary}", *_aligned(stage.allocation)]
        notes = [f"  {stage.name}: {note}" for stage in self.stages for note in stage.notes]
        head = f"{self.model}, recipe {self.recipe}: {self.title}"
        end = [f"wrote {self.folder} ({self.seconds:.0f} s)"]
        if self.breach is not None:
            end.insert(0, f"STOPPED: {self.breach}")
        return "\n".join([head, *lines, *notes, *end])


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns of one width, the first one to the left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
