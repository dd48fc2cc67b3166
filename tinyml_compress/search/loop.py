"""One worker's way through a search: cost before training, short trainings before long ones, the hopeless
dropped.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tinyml_compress.errors import DoesNotFit, MissingDependency, OutputError, TinymlError, UsageError
from tinyml_compress.results.base import plain
from tinyml_compress.results.fit import Budget, Cost, Outcome, Rung
from tinyml_compress.search.budget import overdraft
from tinyml_compress.search.space import trains
from tinyml_compress.search.study import Claim, Study, TrialTaken
from tinyml_compress.techniques.technique import Point


@dataclass(frozen=True)
class Judged:
    """A trained, converted and compiled model."""

    score: float
    drop: float
    cost: Cost


class Judge(Protocol):
    """Who knows models: the search itself does not."""

    def cost(self, point: Point) -> Cost:
        """Of the compiled model in the point's shape, before any training; DoesNotFit when the device is too
        small.
        """
        ...

    def train(self, point: Point, part: float) -> Judged:
        """After `part` of the full training."""
        ...


@dataclass(frozen=True)
class Rules:
    """How long points are trained, and when they are given up."""

    parts: tuple[float, ...] = (0.1, 0.35)
    """Of the full training, rung by rung; the best then get all of it."""
    slack: tuple[float, ...] = (0.15, 0.06)
    """Points of score by which a rung may miss the allowed drop and still hope."""
    margin: float = 0.02
    """How much higher another must score after the same training, at no higher cost, to end a trial."""
    tolerance: float = 0.03
    """By which the cost before training may be over a limit: training moves scales and zeros, and with them
    kernels.
    """


def work(
    study: Study,
    judge: Judge,
    budget: Budget,
    rules: Rules,
    *,
    until: float,
    waiting_only: bool = False,
    stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.time,
) -> int:
    """Work on trials until the time `until`, or until nothing is left; how many were worked on."""
    done = 0
    while not stop() and clock() < until:
        study.mend()
        claim = study.ask(waiting_only=waiting_only)
        if claim is None:
            break
        with study.beating(claim), contextlib.suppress(TrialTaken):
            _one(study, judge, budget, rules, claim, until, clock)
        done += 1
    return done


def _one(
    study: Study,
    judge: Judge,
    budget: Budget,
    rules: Rules,
    claim: Claim,
    until: float,
    clock: Callable[[], float],
) -> None:
    began = clock()
    cost: Cost | None = None
    rungs: tuple[Rung, ...] = ()

    def end(outcome: Outcome, why: str = "") -> None:
        study.end(claim, outcome, budget=budget, cost=cost, rungs=rungs, why=why, seconds=clock() - began)

    try:
        cost = judge.cost(claim.point)
        study.keep(claim, cost=plain(cost))
        over = {name: excess for name, excess in overdraft(budget, cost).items() if excess > rules.tolerance}
        if over and trains(claim.point):
            return end(Outcome.HOPELESS, _too_dear(over))
        for place, part in enumerate(_parts(claim, rules)):
            started = clock()
            judged = judge.train(claim.point, part)
            cost = judged.cost
            rungs = (*rungs, Rung(part, judged.score, judged.drop, clock() - started))
            study.keep(claim, cost=plain(cost), rungs=plain(rungs))
            if claim.final or not trains(claim.point):
                break
            why = _hopeless(study, budget, rules, claim, cost, rungs[-1], place)
            if why:
                return end(Outcome.STOPPED, why)
            if clock() >= until:
                break
        return end(Outcome.TRAINED)
    except DoesNotFit as error:
        return end(Outcome.HOPELESS, f"{error.what}: {error.found}" if error.found else error.what)
    except (UsageError, OutputError, MissingDependency):
        raise  # no fault of the trial's: every other one would end like this
    except TinymlError as error:
        return end(Outcome.FAILED, str(error))


def _parts(claim: Claim, rules: Rules) -> tuple[float, ...]:
    return (1.0,) if claim.final or not trains(claim.point) else rules.parts


def _too_dear(over: dict[str, float]) -> str:
    return "over budget before any training: " + ", ".join(
        f"{name} by {excess:.0%}" for name, excess in over.items()
    )


def _hopeless(
    study: Study, budget: Budget, rules: Rules, claim: Claim, cost: Cost, rung: Rung, place: int
) -> str:
    """Why the trial is not worth the next rung; empty when it is."""
    if budget.drop is not None and rung.drop > budget.drop + rules.slack[place]:
        return f"loses {rung.drop * 100:.1f} points after {rung.part:.0%} of the training"
    for other in study.trials():
        same = next((one for one in other.rungs if one.part == rung.part), None)
        if other.number == claim.number or same is None or other.cost is None:
            continue
        cheaper = other.cost.ms <= cost.ms and other.cost.flash <= cost.flash
        if cheaper and same.drop <= rung.drop - rules.margin:
            return (
                f"trial {other.number} costs no more and scores "
                f"{(rung.drop - same.drop) * 100:.1f} points higher"
            )
    return ""
