"""Benchmark results held against each other: figures, nodes and exact outputs per target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tinyml_compress.rendering.gate_checks import (
    Document,
    Tolerances,
    missing,
    number,
    score,
)
from tinyml_compress.results import Benchmark, Kind, Measurement, Metric, NodeCost, Promise, Verdict, decoded
from tinyml_compress.results.base import plain

_METRICS = {"flash": Metric.FLASH, "RAM": Metric.RAM, "instructions": Metric.INSTRUCTIONS}
"""The figures that may not grow: those that are the same in every run of the same program."""


def _run_key(run: Measurement) -> tuple[str, ...]:
    return run.device, run.engine, run.optimize or "", (run.compiler or "").split(" ")[0]


def runs(baseline: Document, current: Document, tolerances: Tolerances) -> Iterator[Promise]:
    """A check per promise of each run of the baseline."""
    if "runs" not in baseline:
        return
    older = decoded(Benchmark, baseline)
    newer = None if "runs" not in current else decoded(Benchmark, current)
    measured = () if newer is None else newer.runs
    later = {_run_key(run): run for run in measured if run.fits is not False}
    refused = {(run.device, run.engine): run for run in measured if run.fits is False}
    for before in older.runs:
        if before.fits is False:
            continue
        where = " ".join(word for word in (before.device, before.engine, before.optimize) if word)
        after = later.get(_run_key(before))
        if after is None:
            gone = refused.get((before.device, before.engine))
            reason = None if gone is None or gone.error is None else gone.error.reason
            detail = reason or "is missing from the current result"
            yield Promise(where=where, metric=Metric.PRESENCE, verdict=Verdict.FAILED, detail=detail)
            continue
        yield from _grown(where, before, after, tolerances)
        yield from _on_the_board(where, before, after, tolerances)
        if before.bit_exact is not None:
            wrong = None if after.bit_exact is None else after.bit_exact.mismatches
            detail = "not proven any more" if wrong is None else f"{wrong} mismatching vectors"
            verdict = Verdict.PASSED if wrong == 0 else Verdict.FAILED
            yield Promise(
                where=where,
                metric=Metric.EXACTNESS,
                verdict=verdict,
                before=before.bit_exact.mismatches,
                after=wrong,
                detail=detail,
            )
    if newer is not None and older.runs and newer.runs:
        yield number("the model", Metric.SIZE, older.model.nbytes, newer.model.nbytes, tolerances)


def _grown(where: str, before: Measurement, after: Measurement, tolerances: Tolerances) -> Iterator[Promise]:
    for figure in before.figures:
        metric = _METRICS.get(figure.name)
        if metric is None or figure.kind in (Kind.MODELLED, Kind.MEASURED):
            continue
        now = after.figure(figure.name)
        if now is None:
            yield missing(where, metric, figure.value)
        else:
            yield number(
                where, metric, figure.value, now.value, tolerances, _blame(figure.name, before, after)
            )


def _on_the_board(
    where: str, before: Measurement, after: Measurement, tolerances: Tolerances
) -> Iterator[Promise]:
    """Time by a board's own clock, whose windows tell how far it varies, and what a set gave there."""
    old, new = (run.figure("ms", Kind.MEASURED) for run in (before, after))
    if old is not None and old.error is not None:
        if new is None:
            yield missing(where, Metric.TIME, old.value)
        else:
            spread = old.error + (new.error or 0.0)
            yield number(where, Metric.TIME, old.value, new.value, tolerances, spread=spread)
    if before.evaluation is not None and before.evaluation.score is not None:
        now = None if after.evaluation is None else after.evaluation.score
        yield from score(where, plain(before.evaluation.score), {} if now is None else plain(now), tolerances)


def _blame(name: str, before: Measurement, after: Measurement) -> str:
    """What grew most: a part of the sum, and the node behind it where nodes tell."""
    nodes = before.nodes or (), after.nodes or ()
    if name == "instructions":
        return _grown_node(*nodes, "instructions")
    old, new = before.parts(name), after.parts(name)
    if not old:
        return ""
    cause = max(old, key=lambda part: new.get(part, 0) - old[part])
    blame = f"{cause} {new.get(cause, 0) - old[cause]:+,} B"
    counted = all(node.constants is not None for node in (*nodes[0], *nodes[1]))
    if cause in ("weights", "tables") and counted:
        blame += f", {_grown_node(*nodes, 'constants')} B"
    return blame


def _grown_node(before: Sequence[NodeCost], after: Sequence[NodeCost], what: str) -> str:
    """The node of which `what` grew most, by name; new nodes count whole."""
    old = {key: getattr(node, what) for key, node in _told_apart(before)}
    growth = [(getattr(node, what) - old.get(key, 0), node) for key, node in _told_apart(after)]
    if not growth:
        return ""
    most, node = max(growth, key=lambda pair: pair[0])
    place = "between nodes" if node.index is None else f"node {node.index} {node.op} {node.name}"
    return f"{place} {most:+,}"


def _told_apart(nodes: Sequence[NodeCost]) -> Iterator[tuple[tuple[str, str, int], NodeCost]]:
    """Nodes with what is theirs alone in both results: operator, name, and the how manyth of that name."""
    seen: Counter[tuple[str, str]] = Counter()
    for node in nodes:
        name = node.op, node.name
        yield (*name, seen[name]), node
        seen[name] += 1
