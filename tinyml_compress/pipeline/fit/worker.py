"""A process of a search, started by `verb.py`: works on the study until the time is over or nothing is
left.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from tinyml_compress.errors import TinymlError
from tinyml_compress.pipeline.fit.job import FitRequest, resolved
from tinyml_compress.pipeline.fit.judge import RecipeJudge, reference_point
from tinyml_compress.pipeline.fit.result import Facts
from tinyml_compress.results.base import plain
from tinyml_compress.results.fit import Cost, FloatModel, LeftOut, Reference
from tinyml_compress.search.loop import work
from tinyml_compress.search.space import Space, anchors, full_space
from tinyml_compress.search.study import Study
from tinyml_compress.support.passwords import STORAGE_VARIABLE
from tinyml_compress.support.trust import trusting
from tinyml_compress.techniques.technique import Choice, Dimension, Point

_PAYS = 0.99
"""A dimension pays when a strong setting of it costs less than this part of the reference."""


def main(folder: str, place: str, phase: str, number: str, until: str) -> int:
    """`folder` is the user's, `place` the job's file; returns the exit code."""
    os.chdir(folder)
    storage = os.environ.pop(STORAGE_VARIABLE)  # what this process starts itself has no business with it
    return _worked(FitRequest.from_text(Path(place).read_text(), storage), phase, int(number), float(until))


def _worked(job: FitRequest, phase: str, number: int, until: float) -> int:
    study = Study(job.storage, job.study, seed=job.seed)
    judge = RecipeJudge(job, Facts.of(study).sensitive)
    try:
        with trusting(job.trust):
            _work(phase, number, until, study, judge, job)
    except TinymlError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _work(phase: str, number: int, until: float, study: Study, judge: RecipeJudge, job: FitRequest) -> None:
    if phase == "prepare":
        _prepare(study, judge, job)
        return
    study.use(_space(study), number)
    work(study, judge, Facts.of(study).budget, job.rules, until=until, waiting_only=phase == "final")


def _space(study: Study) -> Space:
    chosen = {one.name: one.choices for one in Facts.of(study).space or ()}
    known = full_space().dimensions
    return Space(
        tuple(
            Dimension(one.name, chosen[one.name], one.off, one.text, one.probe)
            for one in known
            if one.name in chosen
        )
    )


def _prepare(study: Study, judge: RecipeJudge, job: FitRequest) -> None:
    """The float model's score, the reference, the budget in numbers, and the dimensions that pay."""
    if Facts.of(study).space is not None:
        return
    point = reference_point()
    before = FloatModel(score=judge.float_score, metric=judge.metric.value, samples=judge.counts())
    study.note("float", plain(before))
    done = judge.train(point, 1.0)
    study.note("reference", plain(Reference(score=done.score, drop=done.drop, cost=done.cost)))
    study.note("budget", plain(resolved(job, done.cost)))
    if done.drop > (job.max_drop or 0.0) and (not job.only or "wide" in job.only):
        judge.sensitive = judge.rank()
        study.note("sensitive", list(judge.sensitive))
    space, left_out = _that_pay(judge, job, done.cost, done.drop)
    study.note("left_out", plain([LeftOut(name=name, why=why) for name, why in left_out.items()]))
    study.use(space)
    for change in anchors():
        if all(
            any(one.name == name and value in one.choices for one in space.dimensions)
            for name, value in change
        ):
            study.enqueue({**point, **dict(change)})
    study.note("space", plain(space.searched()))


def _that_pay(
    judge: RecipeJudge, job: FitRequest, reference: Cost, drop: float
) -> tuple[Space, dict[str, str]]:
    """The dimensions worth a search on this device, by the cost of a strong setting; the others with the
    reason.
    """
    point = reference_point()
    left_out: dict[str, str] = {}
    kept: list[Dimension] = []
    for one in full_space().dimensions:
        if job.only and one.name not in job.only:
            left_out[one.name] = "not asked for"
            continue
        why = ""
        if one.name == "level":
            one, why = _levels(judge, one, point, reference)
        elif one.name in ("mode", "wide"):
            limit = job.max_drop if job.max_drop is not None else 0.0
            if drop <= limit:
                why = (
                    f"int8 loses {drop * 100:.1f} points, within the allowed "
                    f"{limit * 100:.1f}: wider numbers only cost"
                )
            else:
                why = _refused(judge, {**point, one.name: one.choices[1]})
        elif one.probe:
            why = _no_gain(judge, one, reference)
        if why:
            left_out[one.name] = why
        else:
            kept.append(one)
    return Space(tuple(kept)), left_out


def _levels(judge: RecipeJudge, one: Dimension, point: Point, reference: Cost) -> tuple[Dimension, str]:
    """The levels whose cost differs from that of the ones before them."""
    seen = {(reference.flash, reference.ram, reference.ms)}
    choices: list[Choice] = [one.off]
    for level in one.choices:
        if level == one.off:
            continue
        try:
            cost = judge.cost({**point, "level": level})
        except TinymlError:
            continue
        if (cost.flash, cost.ram, cost.ms) not in seen:
            seen.add((cost.flash, cost.ram, cost.ms))
            choices.append(level)
    why = "all levels cost the same" if len(choices) == 1 else ""
    return Dimension(one.name, tuple(choices), one.off, one.text), why


def _refused(judge: RecipeJudge, point: Point) -> str:
    try:
        judge.cost(point)
    except TinymlError as error:
        return str(error).splitlines()[0]
    return ""


def _no_gain(judge: RecipeJudge, one: Dimension, reference: Cost) -> str:
    point = reference_point()
    try:
        if one.against:
            reference = judge.cost({**point, **dict(one.against)})
        cost = judge.cost({**point, **dict(one.probe)})
    except TinymlError as error:
        return str(error).splitlines()[0]
    rows = {name: getattr(cost, name) / getattr(reference, name) for name in ("flash", "ram", "ms")}
    if min(rows.values()) < _PAYS:
        return ""
    best = min(rows, key=lambda name: rows[name])
    probe = ", ".join(f"{name} {value}" for name, value in one.probe)
    return f"{probe}: {rows[best]:.1%} of the {best} without it on this device, and no less of the rest"
