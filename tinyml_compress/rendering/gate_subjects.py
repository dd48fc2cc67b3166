"""Results about models held against each other: a subject per model, stage or winner, with its score and its
bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tinyml_compress.evaluation import ScoreKind, wilson
from tinyml_compress.rendering.gate_checks import (
    Document,
    Tolerances,
    missing,
    number,
    score,
)
from tinyml_compress.results import Comparison, Compression, Fit, Metric, Promise, Verdict, decoded


@dataclass(frozen=True)
class Subject:
    """What one result promises of one thing, by the name that it has in both results."""

    where: str
    score: Document | None
    """As `evaluate` writes it: kinds with their values, and an interval."""
    numbers: Mapping[Metric, float] = field(default_factory=dict)


def subjects(baseline: Document, current: Document, tolerances: Tolerances) -> Iterator[Promise]:
    """A check per promise of each subject of the baseline."""
    verb = verb_of(baseline)
    if verb is None or verb != verb_of(current):
        return
    _, read = _VERBS[verb]
    later = {subject.where: subject for subject in _told_apart(read(current))}
    for before in _told_apart(read(baseline)):
        after = later.get(before.where)
        if after is None:
            yield Promise(
                where=before.where,
                metric=Metric.PRESENCE,
                verdict=Verdict.FAILED,
                detail=_why_gone(current),
            )
        else:
            yield from _kept(before, after, tolerances)


def _told_apart(alike: Iterator[Subject]) -> Iterator[Subject]:
    """Files of one name, as stages of a recipe leave them, get numbers in the order of the result."""
    seen: Counter[str] = Counter()
    for subject in alike:
        seen[subject.where] += 1
        count = seen[subject.where]
        yield subject if count == 1 else replace(subject, where=f"{subject.where} ({count})")


def _kept(before: Subject, after: Subject, tolerances: Tolerances) -> Iterator[Promise]:
    if before.score is not None:
        yield from score(before.where, before.score, after.score or {}, tolerances)
    for metric, old in before.numbers.items():
        if metric in after.numbers:
            yield number(before.where, metric, old, after.numbers[metric], tolerances)
        elif metric is not Metric.SIZE:
            yield missing(before.where, metric, old)


def _why_gone(current: Document) -> str:
    """A guard that stopped a recipe, or a search without a winner, says it in the result."""
    if "breach" in current:
        return f"is missing from the current result, which stopped: {current['breach']}"
    if "winner" in current and current["winner"] is None:
        return f"no winner any more: {current['verdict']}"
    return "is missing from the current result"


def _evaluations(document: Document) -> Iterator[Subject]:
    for one in document.get("evaluations") or [document]:
        if "score" in one:
            where = " ".join((Path(one["model"]).name, one["engine"], one["data"]))
            yield Subject(where, one["score"], _present({Metric.SIZE: one.get("bytes")}))


def _stages(document: Document) -> Iterator[Subject]:
    """Of `compress`: the float model and each stage, by its name in the recipe."""
    done = decoded(Compression, document)
    for stage in (done.baseline, *done.stages):
        numbers = {Metric.SIZE: stage.nbytes, Metric.RAM: stage.arena}
        score = _score(stage.metric, stage.score, stage.interval)
        yield Subject(f"{done.recipe} {stage.name}", score, _present(numbers))


def _models(document: Document) -> Iterator[Subject]:
    """Of `compare`."""
    comparison = decoded(Comparison, document)
    for model in comparison.models:
        where = " ".join((Path(model.model).name, model.engine, comparison.data))
        score = _score(model.metric, model.score, model.interval)
        yield Subject(where, score, _present({Metric.SIZE: model.nbytes}))


def _winner(document: Document) -> Iterator[Subject]:
    """Of `fit`: what the winner costs and scores, the score on samples that nothing was chosen by where it is
    known.
    """
    fit = decoded(Fit, document)
    best = fit.best
    if best is None or best.cost is None or best.score is None or fit.float_model is None:
        return
    value, count = best.score, fit.float_model.samples[0]
    if fit.published is not None:
        value, count = fit.published.untouched.score, fit.published.untouched.samples
    interval = None
    if fit.metric == ScoreKind.ACCURACY.value:
        interval = wilson(round(value * count), count)
    numbers: dict[Metric, float | None] = {
        Metric.FLASH: best.cost.flash,
        Metric.RAM: best.cost.ram,
        Metric.INSTRUCTIONS: best.cost.instructions,
    }
    where = f"{Path(fit.model).name} on {fit.target}"
    yield Subject(where, _score(fit.metric, value, interval), _present(numbers))


def _score(metric: str, value: float | None, interval: Sequence[float] | None) -> Document | None:
    """As `evaluate` writes it."""
    if value is None:
        return None
    return {metric: value, **({} if interval is None else {"interval_95": interval})}


def _present(numbers: Mapping[Metric, float | None]) -> dict[Metric, float]:
    return {metric: value for metric, value in numbers.items() if value is not None}


_Reader = Callable[[Document], Iterator[Subject]]
_VERBS: Mapping[str, tuple[tuple[str, ...], _Reader]] = {
    "evaluate": (("score", "evaluations"), _evaluations),
    "compress": (("stages",), _stages),
    "compare": (("models",), _models),
    "fit": (("trials",), _winner),
}
"""Keys that the verb's results have and no other's, for documents of older versions do not name their verb.
"""


def verb_of(document: Document) -> str | None:
    """Which of these verbs wrote the document; None for all others."""
    return next((verb for verb, (keys, _) in _VERBS.items() if any(key in document for key in keys)), None)
