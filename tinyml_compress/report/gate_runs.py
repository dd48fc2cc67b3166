"""Benchmark results held against each other: bytes, instructions and exact outputs per device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tinyml_compress.report.gate_checks import Check, Document, Metric, Tolerances, Verdict, missing, number

__all__ = ["runs"]


def _run_key(run: Document) -> tuple[str, ...]:
    return run["device"], run["engine"], run.get("optimize", ""), run.get("compiler", "").split(" ")[0]


def runs(baseline: Document, current: Document, tolerances: Tolerances) -> Iterator[Check]:
    """A check per promise of each run of the baseline."""
    later = {_run_key(run): run for run in current.get("runs", ()) if run.get("fits", True)}
    refused = {
        (run["device"], run["engine"]): run for run in current.get("runs", ()) if not run.get("fits", True)
    }
    for before in baseline.get("runs", ()):
        if not before.get("fits", True):
            continue
        where = " ".join(
            word for word in (before["device"], before["engine"], before.get("optimize", "")) if word
        )
        after = later.get(_run_key(before))
        if after is None:
            gone = refused.get((before["device"], before["engine"]))
            detail = "is missing from the current result" if gone is None else gone["error"]["reason"]
            yield Check(where, Metric.PRESENCE, Verdict.FAILED, None, None, detail)
            continue
        yield from _grown(where, before, after, tolerances)
        if "bit_exact" in before:
            wrong = after.get("bit_exact", {}).get("mismatches")
            detail = "not proven any more" if wrong is None else f"{wrong} mismatching vectors"
            verdict = Verdict.PASSED if wrong == 0 else Verdict.FAILED
            yield Check(where, Metric.EXACTNESS, verdict, before["bit_exact"]["mismatches"], wrong, detail)
    if baseline.get("runs") and current.get("runs"):
        yield number(
            "the model", Metric.SIZE, baseline["model"]["bytes"], current["model"]["bytes"], tolerances
        )


def _grown(where: str, before: Document, after: Document, tolerances: Tolerances) -> Iterator[Check]:
    for metric, group in ((Metric.FLASH, "flash"), (Metric.RAM, "ram")):
        old, new = before.get(group, {}), after.get(group, {})
        if "total" in old and "total" not in new:
            yield missing(where, metric, old["total"])
        elif "total" in old:
            cause = max(
                (part for part in old if part != "total"), key=lambda part: new.get(part, 0) - old[part]
            )
            blame = f"{cause} {new.get(cause, 0) - old[cause]:+,} B"
            if cause in ("weights", "tables") and all(
                "constants" in node for node in (*before["nodes"], *after["nodes"])
            ):
                blame += f", {_grown_node(before['nodes'], after['nodes'], 'constants')} B"
            yield number(where, metric, old["total"], new["total"], tolerances, blame)
    if "instructions" in before and "instructions" not in after:
        yield missing(where, Metric.INSTRUCTIONS, before["instructions"])
    elif "instructions" in before:
        yield number(
            where,
            Metric.INSTRUCTIONS,
            before["instructions"],
            after["instructions"],
            tolerances,
            _grown_node(before["nodes"], after["nodes"], "instructions"),
        )


def _grown_node(before: Sequence[Document], after: Sequence[Document], what: str) -> str:
    """The node of which `what` grew most, by name; new nodes count whole."""
    old = {key: node[what] for key, node in _told_apart(before)}
    growth = [(node[what] - old.get(key, 0), node) for key, node in _told_apart(after)]
    if not growth:
        return ""
    most, node = max(growth, key=lambda pair: pair[0])
    place = f"node {node['index']} {node['op']} {node['name']}" if "index" in node else "between nodes"
    return f"{place} {most:+,}"


def _told_apart(nodes: Sequence[Document]) -> Iterator[tuple[tuple[str, str, int], Document]]:
    """Nodes with what is theirs alone in both results: operator, name, and the how manyth of that name."""
    seen: Counter[tuple[str, str]] = Counter()
    for node in nodes:
        name = node["op"], node["name"]
        yield (*name, seen[name]), node
        seen[name] += 1
