"""A trial as the study keeps it: our values, made from Optuna's record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tinyml_compress.search.budget import Cost
from tinyml_compress.search.space import Choice

__all__ = ["Outcome", "Rung", "Trial", "rungs_of"]


class Outcome(Enum):
    """How a trial ended."""

    WAITING = "waiting"
    RUNNING = "running"
    TRAINED = "trained"
    """Scored at the last rung that it was let to."""
    HOPELESS = "hopeless"
    """Its cost alone breaks the budget: nothing was trained."""
    STOPPED = "stopped"
    """Given up after a short training."""
    FAILED = "failed"
    LOST = "lost"
    """Its process died; it was put back into the queue."""
    TWIN = "twin"
    """The sampler proposed what another trial had: nothing was done."""


@dataclass(frozen=True)
class Rung:
    """One training: with which part of the full one, and what came of it."""

    part: float
    score: float
    drop: float
    seconds: float


@dataclass(frozen=True)
class Trial:
    """One point of the space, and what is known of it."""

    number: int
    outcome: Outcome
    key: str
    point: Mapping[str, Choice]
    final: bool
    why: str
    cost: Cost | None
    rungs: tuple[Rung, ...]
    seconds: float
    worker: str

    @property
    def drop(self) -> float | None:
        """At the fullest training."""
        return self.rungs[-1].drop if self.rungs else None

    @property
    def part(self) -> float:
        """Of the full training that it had."""
        return self.rungs[-1].part if self.rungs else 0.0

    @property
    def objectives(self) -> tuple[float, float, float] | None:
        """What the search makes small; absent until it is trained."""
        if self.outcome is not Outcome.TRAINED or self.cost is None or self.drop is None:
            return None
        return self.drop, self.cost.ms, float(self.cost.flash)

    def as_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "number": self.number,
            "state": self.outcome.value,
            "params": dict(self.point),
            "final": self.final,
            "rungs": [vars(rung) for rung in self.rungs],
            "seconds": round(self.seconds, 1),
        }
        if self.why:
            shown["why"] = self.why
        if self.cost is not None:
            shown["cost"] = self.cost.as_json()
        if self.rungs:
            shown["score"], shown["drop"] = self.rungs[-1].score, self.rungs[-1].drop
        return shown


def rungs_of(rows: Sequence[Mapping[str, float]]) -> tuple[Rung, ...]:
    """From the storage's form."""
    return tuple(Rung(**row) for row in rows)
