"""Two results of one verb held against each other: what grew, what was lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tinyml_compress.errors import DataError
from tinyml_compress.rendering.gate_checks import Check, Document, Metric, Tolerances, Verdict
from tinyml_compress.rendering.gate_runs import runs
from tinyml_compress.rendering.gate_subjects import subjects, verb_of
from tinyml_compress.support.escape import xml_characters
from tinyml_compress.support.json_file import read_json
from tinyml_compress.support.table import Block, Column, Table
from tinyml_compress.support.table_markup import table_markdown

__all__ = ["Check", "GateResult", "Metric", "Tolerances", "Verdict", "judge", "read_result"]


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
        columns = (
            Column("verdict"),
            Column("where"),
            Column("what"),
            Column("baseline to current", prose=True),
        )
        rows = ((check.verdict.value, check.where, check.metric.value, check.detail) for check in self.checks)
        return Table(columns, tuple(rows))

    def as_json(self) -> dict[str, Any]:
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
        return {"passed": not self.failed, "checks": rows}

    def junit(self) -> str:
        """JUnit XML, one test case per check."""
        suite = ElementTree.Element(
            "testsuite",
            name="tinyml-compress gate",
            tests=str(len(self.checks)),
            failures=str(len(self.failed)),
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
            allowed="what benchmark, evaluate, compress, compare or fit write as JSON, schema 1",
        )
    return document


def _kinds(document: Document) -> bool:
    return isinstance(document.get("runs"), list) or verb_of(document) is not None


def judge(baseline: Document, current: Document, tolerances: Tolerances) -> GateResult:
    """Every promise of the baseline, kept or not; what only the current result has is not judged."""
    try:
        checks = [*runs(baseline, current, tolerances), *subjects(baseline, current, tolerances)]
    except (KeyError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise DataError("a result lacks a part that its schema promises", found=repr(error)) from error
    if not checks:
        raise DataError(
            "the two results have nothing in common to judge", next_step="gate results of the same verb"
        )
    order = {Verdict.FAILED: 0, Verdict.PASSED: 1, Verdict.BETTER: 2}
    return GateResult(tuple(sorted(checks, key=lambda check: order[check.verdict])))
