"""`report` from the command line and in Python; what it refuses; what the example workflow calls."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tests.report import documents
from tinyml_compress import cli
from tinyml_compress.cli.report import command
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.pipeline.reporting import report
from tinyml_compress.rendering.page import front_svg, read_document, results_page
from tinyml_compress.results import Fit, decoded


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name, make in documents.ALL.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(make()))
    return tmp_path


def test_the_verb_writes_one_page_of_all(results: Path) -> None:
    files = [str(results / f"{name}.json") for name in documents.ALL]
    page = results / "page.html"
    done = CliRunner().invoke(command, [*files, "-o", str(page), "--title", "A & B"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "page.html" in done.output
    text = page.read_text()
    assert "<title>A &amp; B</title>" in text
    for heading in (
        "On devices",
        "Compression",
        "Models side by side",
        "Conversion",
        "Accuracy",
        "Parity",
        "Search",
    ):
        assert heading in text
    embedded = re.findall(
        r'<script type="application/json" id="json\d+" data-name="([^"]+)">(.*?)</script>', text, re.S
    )
    assert [name for name, _ in embedded] == [f"{name}.json" for name in documents.ALL]
    assert [json.loads(body) for _, body in embedded] == [make() for make in documents.ALL.values()]


def test_in_python_and_the_same_bytes_again(results: Path) -> None:
    pages = [report([results / "benchmark.json"], output=results / f"{number}.html") for number in range(2)]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_nothing_is_fetched_and_no_path_of_the_library_is_named() -> None:
    text, _, library = results_page([make() for make in documents.ALL.values()]).partition("\n<script>")
    assert len(library) > 500_000
    assert not re.search(r"<(script|img|iframe|source)[^>]* src=", text)
    assert re.findall(r'<link[^>]* href="([^"]+)"', text) == ["data:,"]
    style = text.partition("</style>")[0]
    assert "@import" not in style
    assert "url(" not in style
    assert "site-packages" not in text
    assert "BSD-3-Clause" in text, "the licence of the chart library asks for its notice"


def test_a_verdict_is_a_word() -> None:
    text = results_page([documents.benchmark()])
    assert "fits; bit-exact, 10 of 10" in text
    assert "does not fit" in text
    assert "9,000 B of RAM too few" in text
    wrong = documents.benchmark()
    wrong["runs"][0]["bit_exact"] = {"vectors": 10, "mismatches": 3}
    assert "fits, but 3 of 10 outputs differ" in results_page([wrong])


def test_any_other_verb_has_a_page() -> None:
    head = {"schema": 1, "tool": "0.1.0"}
    checks = [
        {
            "where": "board",
            "metric": "flash",
            "verdict": "failed",
            "detail": "grew <much>",
            "before": 1,
            "after": 2,
        }
    ]
    text = results_page([{**head, "verb": "gate", "passed": False, "checks": checks}])
    assert "not: passed" in text
    assert "grew &lt;much&gt;" in text
    contract = {"device": "pico", "engine": "aot", "holds": False, "refused": [], "memory": []}
    assert "refuses it" in results_page([{**head, "verb": "check", "contracts": [contract]}])


def test_runs_are_told_apart() -> None:
    first, second = documents.benchmark(), documents.benchmark(14)
    text = results_page([first, second], names=["build/main/boards.json", "build/now/boards.json"])
    assert "main/boards.json: board-0" in text
    assert "now/boards.json: board-0" in text
    same = results_page([first, second])
    assert "benchmark (1): board-0" in same


def test_a_picture_of_the_front_stands_alone() -> None:
    picture = front_svg(decoded(Fit, documents.fit()))
    assert picture.startswith("<svg")
    assert "var(--" not in picture
    assert "trial" in picture
    nothing = documents.fit()
    nothing["trials"] = nothing["trials"][:1]
    assert front_svg(decoded(Fit, {**nothing, "winner": None})) == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot read the result"),
        ("[]", "not a result of this tool"),
        ('{"schema": 1}', "not a result of this tool"),
        ('{"schema": 9, "verb": "benchmark"}', "not a result of this tool"),
    ],
)
def test_what_is_no_result_is_refused(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(DataError, match=words):
        read_document(path)
    with pytest.raises(DataError):
        report([path], output=tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_a_result_that_lacks_a_part_is_refused() -> None:
    broken: dict[str, Any] = documents.benchmark()
    del broken["runs"][0]["flash"]["total"]
    with pytest.raises(DataError, match="lacks a part"):
        results_page([broken])


def test_nothing_to_report() -> None:
    with pytest.raises(UsageError, match="nothing to report"):
        report([], output="page.html")


def test_the_example_workflow_calls_what_there_is(repo: Path) -> None:
    """Every verb and option in the workflow of docs/ci-gate.md exists."""
    block = (repo / "docs" / "ci-gate.md").read_text().partition("```yaml")[2].partition("```")[0]
    lines = [line.strip() for line in block.splitlines() if line.strip().startswith("tinyml-compress")]
    assert len(lines) >= 6
    group, context = cli._group, click.Context(cli._group)
    for line in lines:
        verb, *words = shlex.split(line.partition(">")[0].replace("|| true", ""))[1:]
        called = group.get_command(context, verb)
        assert called is not None, line
        known = {option for parameter in called.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known, line


@pytest.mark.parametrize("key", ["model", "recipe", "seed"])
def test_a_result_that_lacks_a_word_of_its_call_is_one_error(key: str) -> None:
    whole = documents.ALL["compress"]()
    lacking = {name: value for name, value in whole.items() if name not in (key, "command")}
    with pytest.raises(DataError, match="lacks a part"):
        results_page([lacking], names=["a"])
