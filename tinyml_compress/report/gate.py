"""Two results of `benchmark --json` or `evaluate --json` held against each other: what grew, what was lost."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.support.document import document
from tinyml_compress.support.escape import for_terminal, xml_characters
from tinyml_compress.support.json_file import read_json
from tinyml_compress.support.table import Block, Column, Table
from tinyml_compress.support.table_markup import table_markdown

__all__ = ["Check", "GateResult", "Metric", "Tolerances", "Verdict", "judge", "read_result"]

Document = Mapping[str, Any]


class Metric(Enum):
    """What is held against the baseline; the value is the word of `--tolerance`."""

    FLASH = "flash"
    RAM = "ram"
    INSTRUCTIONS = "instructions"
    SIZE = "size"
    ACCURACY = "accuracy"
    EXACTNESS = "exactness"
    PRESENCE = "presence"


class Verdict(Enum):
    """How a check ended."""

    FAILED = "failed"
    PASSED = "passed"
    BETTER = "better"


@dataclass(frozen=True)
class Tolerances:
    """Growth allowed as a fraction of the baseline; for accuracy the loss allowed, in points of 1."""

    growth: float = 0.01
    accuracy: float = 0.0
    special: tuple[tuple[Metric, float], ...] = ()

    @classmethod
    def parse(cls, words: Sequence[str]) -> Tolerances:
        """From `1%`, `flash=0`, `instructions=2%`, `accuracy=0.5%`."""
        growth, special = cls.growth, {}
        for word in words:
            name, given, text = word.rpartition("=")
            try:
                amount = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
            except ValueError:
                amount = -1.0
            known = {metric.value: metric for metric in Metric if metric.value not in ("exactness", "presence")}
            if not 0.0 <= amount < 10.0 or (given and name not in known):
                raise UsageError(
                    "not a tolerance",
                    which=word,
                    allowed=f"a share such as 1%, or one for {', '.join(known)}: flash=0, accuracy=0.5%",
                )
            if given:
                special[known[name]] = amount
            else:
                growth = amount
        return cls(growth, special.pop(Metric.ACCURACY, cls.accuracy), tuple(special.items()))

    def of(self, metric: Metric) -> float:
        return dict(self.special).get(metric, self.growth)


@dataclass(frozen=True)
class Check:
    """One number, or one promise, of the baseline and what became of it."""

    where: str
    metric: Metric
    verdict: Verdict
    before: float | None
    after: float | None
    detail: str

    def line(self) -> str:
        where, detail = for_terminal(self.where), for_terminal(self.detail)
        return f"{self.verdict.value:<7} {where}: {self.metric.value} {detail}"


@dataclass(frozen=True)
class GateResult:
    """All checks, those that failed first."""

    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.verdict is Verdict.FAILED)

    def blocks(self) -> list[Block]:
        """A line per check."""
        return [self.table(), f"{len(self.failed)} of {len(self.checks)} checks failed"]

    def table(self) -> Table:
        columns = (Column("verdict"), Column("where"), Column("what"), Column("baseline to current", prose=True))
        rows = ((check.verdict.value, check.where, check.metric.value, check.detail) for check in self.checks)
        return Table(columns, tuple(rows))

    def as_json(self) -> str:
        rows = [
            {
                "where": check.where,
                "metric": check.metric.value,
                "verdict": check.verdict.value,
                **({} if check.before is None else {"before": check.before}),
                **({} if check.after is None else {"after": check.after}),
                "detail": check.detail,
            }
            for check in self.checks
        ]
        return json.dumps(document("gate", {"passed": not self.failed, "checks": rows}), indent=2)

    def junit(self) -> str:
        """JUnit XML, one test case per check."""
        suite = ElementTree.Element(
            "testsuite", name="tinyml-compress gate", tests=str(len(self.checks)), failures=str(len(self.failed))
        )
        for check in self.checks:
            where, detail = xml_characters(check.where), xml_characters(check.detail)
            case = ElementTree.SubElement(suite, "testcase", classname=where, name=check.metric.value)
            if check.verdict is Verdict.FAILED:
                ElementTree.SubElement(case, "failure", message=detail).text = xml_characters(check.line())
        ElementTree.indent(suite)
        return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)

    def markdown(self) -> str:
        """A table for a pull request."""
        head = "### tinyml-compress gate: " + ("failed" if self.failed else "passed")
        return f"{head}\n\n{table_markdown(self.table())}"


def read_result(path: Path) -> Document:
    """A result file; DataError when it is none."""
    document = read_json(path)
    if isinstance(document, list):
        document = {"schema": 1, "evaluations": document}
    if not isinstance(document, dict) or document.get("schema") != 1 or not _kinds(document):
        raise DataError(
            "not a result that can be gated",
            which=path,
            allowed="what benchmark --json or evaluate --json writes, schema 1",
        )
    return document


def _kinds(document: Document) -> bool:
    return isinstance(document.get("runs"), list) or "score" in document or "evaluations" in document


def judge(baseline: Document, current: Document, tolerances: Tolerances) -> GateResult:
    """Every promise of the baseline, kept or not; what only the current result has is not judged."""
    try:
        checks = [*_runs(baseline, current, tolerances), *_scores(baseline, current, tolerances)]
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise DataError("a result lacks a part that its schema promises", found=repr(error)) from error
    if not checks:
        raise DataError("the two results have nothing in common to judge", next_step="gate results of the same verb")
    order = {Verdict.FAILED: 0, Verdict.PASSED: 1, Verdict.BETTER: 2}
    return GateResult(tuple(sorted(checks, key=lambda check: order[check.verdict])))


# --- benchmark results ------------------------------------------------------------------------------------------------


def _run_key(run: Document) -> tuple[str, ...]:
    return run["device"], run["engine"], run.get("optimize", ""), run.get("compiler", "").split(" ")[0]


def _runs(baseline: Document, current: Document, tolerances: Tolerances) -> Iterator[Check]:
    later = {_run_key(run): run for run in current.get("runs", ()) if run.get("fits", True)}
    refused = {(run["device"], run["engine"]): run for run in current.get("runs", ()) if not run.get("fits", True)}
    for before in baseline.get("runs", ()):
        if not before.get("fits", True):
            continue
        where = " ".join(word for word in (before["device"], before["engine"], before.get("optimize", "")) if word)
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
        yield _number("the model", Metric.SIZE, baseline["model"]["bytes"], current["model"]["bytes"], tolerances)


def _grown(where: str, before: Document, after: Document, tolerances: Tolerances) -> Iterator[Check]:
    for metric, group in ((Metric.FLASH, "flash"), (Metric.RAM, "ram")):
        old, new = before.get(group, {}), after.get(group, {})
        if "total" in old and "total" not in new:
            yield _missing(where, metric, old["total"])
        elif "total" in old:
            cause = max((part for part in old if part != "total"), key=lambda part: new.get(part, 0) - old[part])
            blame = f"{cause} {new.get(cause, 0) - old[cause]:+,} B"
            if cause in ("weights", "tables") and all(
                "constants" in node for node in (*before["nodes"], *after["nodes"])
            ):
                blame += f", {_grown_node(before['nodes'], after['nodes'], 'constants')} B"
            yield _number(where, metric, old["total"], new["total"], tolerances, blame)
    if "instructions" in before and "instructions" not in after:
        yield _missing(where, Metric.INSTRUCTIONS, before["instructions"])
    elif "instructions" in before:
        yield _number(
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


def _missing(where: str, metric: Metric, before: float) -> Check:
    return Check(where, metric, Verdict.FAILED, before, None, "is missing from the current result")


def _number(where: str, metric: Metric, before: float, after: float, tolerances: Tolerances, cause: str = "") -> Check:
    if not (math.isfinite(before) and math.isfinite(after)) or after > before * (1.0 + tolerances.of(metric)):
        verdict = Verdict.FAILED
    else:
        verdict = Verdict.BETTER if after < before else Verdict.PASSED
    share = f" ({(after - before) / before:+.2%})" if before else ""
    blame = f"; most: {cause}" if cause and after > before else ""
    allowed = f", allowed {tolerances.of(metric):+.2%}" if verdict is Verdict.FAILED else ""
    return Check(where, metric, verdict, before, after, f"{before:,} to {after:,}{share}{allowed}{blame}")


# --- evaluation results -----------------------------------------------------------------------------------------------


def _evaluations(document: Document) -> dict[tuple[str, str, str], Document]:
    found = document.get("evaluations") or ([document] if "score" in document else [])
    return {(Path(one["model"]).name, one["engine"], one["data"]): one for one in found if "score" in one}


def _scores(baseline: Document, current: Document, tolerances: Tolerances) -> Iterator[Check]:
    later = _evaluations(current)
    for key, before in _evaluations(baseline).items():
        where = " ".join(key)
        after = later.get(key)
        if after is None:
            yield Check(where, Metric.PRESENCE, Verdict.FAILED, None, None, "is missing from the current result")
            continue
        yield from _score(where, before["score"], after["score"], tolerances)
        if "bytes" in before and "bytes" in after:
            yield _number(where, Metric.SIZE, before["bytes"], after["bytes"], tolerances)


def _score(where: str, before: Document, after: Document, tolerances: Tolerances) -> Iterator[Check]:
    """A loss fails when it is beyond the tolerance and the set is large enough to see it (outside the interval)."""
    for kind in ScoreKind:
        name = kind.value
        if name not in before:
            continue
        if name not in after:
            yield _missing(where, Metric.ACCURACY, before[name])
            continue
        old, new = before[name], after[name]
        loss = kind.drop(old, new)
        low, high = after.get("interval_95", (new, new)) if name == "accuracy" else (new, new)
        seen = not low <= old <= high
        failed = not math.isfinite(loss) or (loss > tolerances.accuracy and seen)
        note = "" if failed or loss <= 0 or seen else "; inside the interval, so the set cannot tell"
        verdict = Verdict.FAILED if failed else (Verdict.BETTER if loss < 0 else Verdict.PASSED)
        yield Check(where, Metric.ACCURACY, verdict, old, new, f"{name} {old:.4f} to {new:.4f}{note}")
