"""What a budget search found, as `fit.json` holds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyml_compress.pipeline.fit.job import Job
from tinyml_compress.rendering.fit_text import fit_blocks
from tinyml_compress.search.budget import Budget, binding, overdraft
from tinyml_compress.search.front import feasible, front, nearest, winner
from tinyml_compress.search.trials import Outcome, Trial
from tinyml_compress.support.document import document
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.table import Block

__all__ = ["FitResult", "Winner", "gives"]

_SHOWN = (Outcome.TRAINED, Outcome.HOPELESS, Outcome.STOPPED, Outcome.FAILED)


@dataclass(frozen=True)
class Winner:
    """The winner's artifacts, and what it does on samples that nothing was chosen by."""

    number: int
    files: tuple[str, ...]
    """Below the output folder."""
    untouched: dict[str, Any]
    """Score of the winner, of the float model, and the drop between them, with the number of samples."""
    agreement: str
    commands: tuple[str, ...]
    """They make the winner again without the search."""


@dataclass(frozen=True)
class FitResult(Displayed):
    """A whole search."""

    job: Job
    target_title: str
    facts: dict[str, Any]
    """What the study noted: float, reference, budget, space, left_out."""
    trials: tuple[Trial, ...]
    seconds: float
    interrupted: bool
    folder: Path
    published: Winner | None = None
    budget: Budget = field(default_factory=Budget)

    @property
    def ended(self) -> tuple[Trial, ...]:
        """Trials with a result; those under way when the search ended are not among them."""
        return tuple(trial for trial in self.trials if trial.outcome in _SHOWN)

    @property
    def winner(self) -> Trial | None:
        return winner(self.ended, self.budget)

    @property
    def verdict(self) -> str:
        if self.winner is not None:
            return "fits"
        return "does not fit" if any(trial.cost is not None for trial in self.ended) else "nothing judged"

    def as_json(self) -> dict[str, Any]:
        """fit.json."""
        shown = self.ended
        within = {trial.number for trial in feasible(shown, self.budget)}
        facts = self.facts
        counts = Counter(trial.outcome for trial in self.trials)
        rows: dict[str, Any] = {
            "model": self.job.model,
            "data": self.job.data,
            "target": self.job.target,
            "target_title": self.target_title,
            "seed": self.job.seed,
            "metric": facts.get("float", {}).get("metric", ""),
            "budget": self.budget.limits(),
            **{key: facts[key] for key in ("float", "reference") if key in facts},
            "verdict": self.verdict,
            "interrupted": self.interrupted,
            "seconds": round(self.seconds, 1),
            "storage": self.job.shown_storage,
            "study": self.job.study,
            "counts": {
                "trials": len(shown),
                **{one.value: counts[one] for one in _SHOWN},
                "twins": counts[Outcome.TWIN],
                "lost": counts[Outcome.LOST],
            },
            "dimensions": facts.get("space", []),
            "left_out": facts.get("left_out", []),
            "trials": [{**trial.as_json(), "feasible": trial.number in within} for trial in shown],
            "front": [trial.number for trial in front(shown)],
            "winner": None if self.winner is None else self.winner.number,
        }
        rows.update(self._why())
        if self.published is not None:
            made = self.published
            rows["published"] = {
                "number": made.number,
                "files": list(made.files),
                "untouched": made.untouched,
                "agreement": made.agreement,
                "commands": list(made.commands),
            }
        return document("fit", rows)

    def blocks(self) -> list[Block]:
        """Verdict, Pareto front, what binds, what would have to give."""
        return fit_blocks(self.as_json())

    def _why(self) -> dict[str, Any]:
        best = self.winner
        if best is not None:
            assert best.cost is not None
            tight = binding(self.budget, best.cost, best.drop)
            return (
                {}
                if tight is None
                else {"binding": dict(zip(("constraint", "used", "limit"), tight, strict=True))}
            )
        missed = nearest(self.ended, self.budget)
        if missed is None:
            return {}
        trial, over = missed
        worst = max(over, key=lambda name: over[name] * (10 if name == "drop" else 1)) if over else ""
        used = trial.drop if worst == "drop" else getattr(trial.cost, worst, None)
        return {
            "nearest": {"number": trial.number, "over": over},
            **(
                {"binding": {"constraint": worst, "used": used, "limit": self.budget.limits()[worst]}}
                if worst
                else {}
            ),
            "gives": gives(self.ended, self.budget),
        }


def gives(trials: Sequence[Trial], budget: Budget) -> list[dict[str, Any]]:
    """Per limit: how far it alone would have to move for some trained trial to fit, all other limits as they
    are.
    """
    found = []
    for name, limit in budget.limits().items():
        rows = []
        for trial in trials:
            if trial.cost is None or trial.drop is None:
                continue
            over = overdraft(budget, trial.cost, trial.drop)
            if all(excess <= 0 for other, excess in over.items() if other != name):
                used = trial.drop if name == "drop" else float(getattr(trial.cost, name))
                rows.append((used, trial.number))
        if rows:
            used, number = min(rows)
            found.append({"constraint": name, "limit": limit, "needs": used, "trial": number})
    return found
