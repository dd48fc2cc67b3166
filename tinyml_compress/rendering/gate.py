"""Two results of one verb held against each other: what grew, what was lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from tinyml_compress.errors import DataError
from tinyml_compress.rendering.gate_checks import Document, Tolerances
from tinyml_compress.rendering.gate_runs import runs
from tinyml_compress.rendering.gate_subjects import subjects, verb_of
from tinyml_compress.results import Gate, Verdict
from tinyml_compress.results.base import shows
from tinyml_compress.support.escape import for_terminal, xml_characters
from tinyml_compress.support.json_file import read_json
from tinyml_compress.support.table import Block, Column, Table
from tinyml_compress.support.table_markup import table_markdown
from tinyml_compress.support.words import several


@shows(Gate)
def gate_blocks(done: Gate) -> list[Block]:
    """A line per check."""
    return [_table(done), f"{len(done.failed)} of {len(done.checks)} checks failed"]


def _table(done: Gate) -> Table:
    columns = (
        Column("verdict"),
        Column("where"),
        Column("what"),
        Column("baseline to current", prose=True),
    )
    rows = ((check.verdict.value, check.where, check.metric.value, check.detail) for check in done.checks)
    return Table(columns, tuple(rows))


def gate_junit(done: Gate) -> str:
    """JUnit XML, one test case per check."""
    suite = ElementTree.Element(
        "testsuite",
        name="tinyml-compress gate",
        tests=str(len(done.checks)),
        failures=str(len(done.failed)),
    )
    for check in done.checks:
        where, detail = xml_characters(check.where), xml_characters(check.detail)
        case = ElementTree.SubElement(suite, "testcase", classname=where, name=check.metric.value)
        if check.verdict is Verdict.FAILED:
            line = f"{check.verdict.value:<7} {check.where}: {check.metric.value} {check.detail}"
            failure = ElementTree.SubElement(case, "failure", message=detail)
            failure.text = xml_characters(for_terminal(line))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def gate_markdown(done: Gate) -> str:
    """A table for a pull request."""
    head = "### tinyml-compress gate: " + ("passed" if done.passed else "failed")
    return f"{head}\n\n{table_markdown(_table(done))}"


def gate(baseline: str | Path, current: str | Path, *, tolerance: str | Sequence[str] = ()) -> Gate:
    """Two results of one verb held against each other; `tolerance` such as 1%, or several like flash=0."""
    allowed = Tolerances.parse(several(tolerance))
    return judge(read_result(Path(baseline)), read_result(Path(current)), allowed)


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


def judge(baseline: Document, current: Document, tolerances: Tolerances) -> Gate:
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
    return Gate(checks=tuple(sorted(checks, key=lambda check: order[check.verdict])))
