"""`gate`: passes what is equal, names what grew, and knows when a loss of accuracy is no loss."""

from __future__ import annotations

import copy
import json
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from tinyml_compress.cli.gate import command
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.rendering.gate import gate_junit, gate_markdown, judge, read_result
from tinyml_compress.rendering.gate_checks import Tolerances
from tinyml_compress.rendering.page import read_document
from tinyml_compress.results import Gate, Metric, Verdict, decoded, encoded

NODE: dict[str, Any] = {"kernel": "", "shape": [1], "macs": 0, "cycles": 0}
RUN: dict[str, Any] = {
    "device": "nucleo-l4r5zi",
    "engine": "aot",
    "fits": True,
    "optimize": "speed",
    "compiler": "zig cc",
    "instructions": 1000,
    "cycles": 1500,
    "cycles_error": 0.15,
    "ms": 0.0125,
    "flash": {"total": 5000, "kernels": 2000, "weights": 3000},
    "ram": {"total": 900, "arena": 800, "stack": 100},
    "bit_exact": {"vectors": 10, "mismatches": 0},
    "nodes": [
        NODE | {"index": 0, "op": "CONV_2D", "name": "a", "instructions": 700},
        NODE | {"index": 1, "op": "SOFTMAX", "name": "b", "instructions": 300},
    ],
}
MODEL: dict[str, Any] = {"name": "m", "source": "m.tflite", "sha256": "0" * 64, "bytes": 4000}
BENCH: dict[str, Any] = {"schema": 1, "model": MODEL, "input": "pattern", "runs": [RUN], "notes": []}
SCORE: dict[str, Any] = {
    "schema": 1,
    "model": "x/a.tflite",
    "engine": "host",
    "data": "data:digits:test",
    "bytes": 4000,
    "score": {"accuracy": 0.95, "correct": 380, "total": 400, "interval_95": [0.924, 0.967]},
}


def _changed(document: dict[str, Any], **run: Any) -> dict[str, Any]:
    new = copy.deepcopy(document)
    new["runs"][0].update(run)
    return new


def _gate(tmp_path: Path, before: object, after: object, *words: str) -> Result:
    for name, document in (("a.json", before), ("b.json", after)):
        (tmp_path / name).write_text(json.dumps(document))
    return CliRunner().invoke(
        command, ["--baseline", str(tmp_path / "a.json"), "--current", str(tmp_path / "b.json"), *words]
    )


def _words(text: str) -> str:
    return " ".join(text.split())


def test_equal_results_pass(tmp_path: Path) -> None:
    shown = _gate(tmp_path, BENCH, BENCH)
    assert shown.exit_code == 0
    assert "0 of 5 checks failed" in shown.output


def test_the_node_whose_weights_grew_is_named(tmp_path: Path) -> None:
    def nodes(*constants: int) -> list[dict[str, Any]]:
        return [node | {"constants": count} for node, count in zip(RUN["nodes"], constants, strict=True)]

    flash = {"total": 5400, "kernels": 2000, "weights": 3400}
    before, after = (
        _changed(BENCH, nodes=nodes(2000, 1000)),
        _changed(BENCH, nodes=nodes(2450, 950), flash=flash),
    )
    shown = _gate(tmp_path, before, after)
    assert shown.exit_code == 1
    grown = "flash 5,000 to 5,400 (+8.00%), allowed +1.00%; most: weights +400 B, node 0 CONV_2D a +450 B"
    assert grown in _words(shown.output)
    older = _gate(tmp_path, BENCH, after)
    assert "most: weights +400 B\n" in older.output, "a baseline without bytes per node names the cause alone"


def test_nodes_of_one_name_are_told_apart(tmp_path: Path) -> None:
    first, second = RUN["nodes"][0], RUN["nodes"][0] | {"index": 1, "instructions": 300}
    before = _changed(BENCH, nodes=[first, second])
    after = _changed(BENCH, instructions=1020, nodes=[first, second | {"instructions": 320}])
    assert "most: node 1 CONV_2D a +20\n" in _gate(tmp_path, before, after).output


def test_the_node_that_grew_is_named(tmp_path: Path) -> None:
    nodes = [RUN["nodes"][0] | {"instructions": 690}, RUN["nodes"][1] | {"instructions": 330}]
    shown = _gate(tmp_path, BENCH, _changed(BENCH, instructions=1020, nodes=nodes))
    assert shown.exit_code == 1
    assert "instructions 1,000 to 1,020 (+2.00%), allowed +1.00%; most: node 1 SOFTMAX b +30" in _words(
        shown.output
    )
    assert (
        _gate(tmp_path, BENCH, _changed(BENCH, instructions=1020, nodes=nodes), "--tolerance", "2%").exit_code
        == 0
    )


def test_the_part_of_flash_that_grew_is_named(tmp_path: Path) -> None:
    flash = {"total": 5040, "kernels": 1990, "weights": 3050}
    assert _gate(tmp_path, BENCH, _changed(BENCH, flash=flash)).exit_code == 0
    shown = _gate(tmp_path, BENCH, _changed(BENCH, flash=flash), "--tolerance", "flash=0")
    assert shown.exit_code == 1
    assert "most: weights +50 B" in shown.output


@pytest.mark.parametrize(
    ("change", "metric"),
    [
        ({"bit_exact": {"vectors": 10, "mismatches": 1}}, Metric.EXACTNESS),
        ({"bit_exact_unknown": "no tflite-micro", "bit_exact": None}, Metric.EXACTNESS),
        ({"ram": {"total": 1000, "arena": 900, "stack": 100}}, Metric.RAM),
        ({"device": "another"}, Metric.PRESENCE),
    ],
)
def test_what_fails(change: dict[str, Any], metric: Metric) -> None:
    result = judge(BENCH, _changed(BENCH, **change), Tolerances())
    assert [check.metric for check in result.failed] == [metric]


def test_a_board_that_became_too_small_fails_with_its_reason() -> None:
    refusal = {
        "device": RUN["device"],
        "engine": "aot",
        "fits": False,
        "error": {"reason": "3 B of RAM too few", "detail": ""},
    }
    result = judge(BENCH, {**BENCH, "runs": [refusal]}, Tolerances())
    assert [check.detail for check in result.failed] == ["3 B of RAM too few"]


@pytest.mark.parametrize(
    ("accuracy", "interval", "tolerance", "verdict"),
    [
        (0.94, [0.912, 0.959], "accuracy=0", Verdict.PASSED),  # the set cannot tell
        (0.90, [0.866, 0.926], "accuracy=0", Verdict.FAILED),
        (0.90, [0.866, 0.926], "accuracy=6%", Verdict.PASSED),
        (0.97, [0.948, 0.983], "accuracy=0", Verdict.BETTER),
    ],
)
def test_accuracy_is_lost_only_beyond_its_interval(
    accuracy: float, interval: list[float], tolerance: str, verdict: Verdict
) -> None:
    after = {**SCORE, "score": {**SCORE["score"], "accuracy": accuracy, "interval_95": interval}}
    result = judge(SCORE, after, Tolerances.parse([tolerance]))
    assert [check.verdict for check in result.checks if check.metric is Metric.ACCURACY] == [verdict]


def test_forms(tmp_path: Path) -> None:
    grown = _changed(BENCH, instructions=2000)
    suite = ElementTree.fromstring(_gate(tmp_path, BENCH, grown, "--format", "junit").output)
    assert suite.get("failures") == "1"
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["instructions"]
    as_json = json.loads(_gate(tmp_path, BENCH, grown, "--format", "json").output)
    assert as_json["passed"] is False
    assert as_json["checks"][0]["metric"] == "instructions"
    assert decoded(Gate, as_json).failed[0].metric is Metric.INSTRUCTIONS
    table = _gate(tmp_path, BENCH, grown, "--format", "markdown").output
    assert "| failed | nucleo-l4r5zi aot speed | instructions |" in table
    target = tmp_path / "gate.xml"
    shown = _gate(tmp_path, BENCH, grown, "--format", "junit", "-o", str(target))
    assert shown.exit_code == 1
    assert ElementTree.parse(target).getroot().tag == "testsuite"


@pytest.mark.parametrize("word", ["much", "flash=", "speed=1%", "-1%", "exactness=1%", "2000%"])
def test_bad_tolerances(word: str) -> None:
    with pytest.raises(UsageError, match="not a tolerance"):
        Tolerances.parse([word])


def test_files_that_are_no_results(tmp_path: Path) -> None:
    for text in ("{", "3", '{"schema": 2, "runs": []}', '{"schema": 1}'):
        path = tmp_path / "x.json"
        path.write_text(text)
        with pytest.raises(DataError):
            read_result(path)
    with pytest.raises(DataError, match="nothing in common"):
        judge({**BENCH, "runs": []}, BENCH, Tolerances())
    with pytest.raises(DataError, match="lacks a part"):
        judge(BENCH, {**BENCH, "runs": [{"device": "x"}]}, Tolerances())


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": 1, "runs": [NaN]}',
        '{"schema": 1, "runs": [{"instructions": Infinity}]}',
        '{"schema": 1, "runs": [1e400]}',
        f'{{"schema": 1, "runs": [{"1" * 400}]}}',
        f'{{"schema": 1, "runs": [{"1" * 5000}]}}',
        f'{{"schema": 1, "runs": {"[" * 200_000}{"]" * 200_000}}}',
        f'{{"schema": 1, "runs": {"[" * 90}{"]" * 90}}}',
        '{"schema": 1, "runs": "\xff"}',
        "",
    ],
    ids=[
        "nan",
        "infinity",
        "1e400",
        "400 digits",
        "5000 digits",
        "200000 levels",
        "90 levels",
        "latin-1",
        "empty",
    ],
)
def test_what_is_no_sound_json_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(text.encode("latin-1"))
    for read in (read_result, read_document):
        with pytest.raises(DataError) as caught:
            read(path)
        assert "cannot read the result" in str(caught.value)
        assert len(str(caught.value)) < 500


def test_what_cannot_be_compared_fails() -> None:
    def failures(before: dict[str, Any], after: dict[str, Any]) -> list[Metric]:
        return [check.metric for check in judge(before, after, Tolerances()).failed]

    for value in (math.nan, math.inf, -math.inf):
        assert failures(BENCH, _changed(BENCH, instructions=value)) == [Metric.INSTRUCTIONS]
        assert failures(_changed(BENCH, instructions=value), BENCH) == [Metric.INSTRUCTIONS]
        assert failures(BENCH, _changed(BENCH, flash={"total": value})) == [Metric.FLASH]
        assert failures(SCORE, SCORE | {"score": {"accuracy": value}}) == [Metric.ACCURACY]
        assert failures(SCORE | {"score": {"accuracy": value}}, SCORE) == [Metric.ACCURACY]
    without = {key: value for key, value in RUN.items() if key not in ("instructions", "ram")}
    assert failures(BENCH, BENCH | {"runs": [without]}) == [Metric.RAM, Metric.INSTRUCTIONS]
    assert failures(SCORE, SCORE | {"score": {"mae": 0.1}}) == [Metric.ACCURACY]


@pytest.mark.parametrize("odd", [True, "1", None, [], {}, 10**290])
@pytest.mark.parametrize("place", ["instructions", "flash", "nodes", "bit_exact", "optimize", "device"])
def test_any_value_in_any_place_is_a_verdict_or_our_error(odd: object, place: str) -> None:
    for before, after in ((BENCH, _changed(BENCH, **{place: odd})), (_changed(BENCH, **{place: odd}), BENCH)):
        try:
            result = judge(before, after, Tolerances())
        except DataError:
            continue
        assert all((result.blocks(), encoded(result), gate_junit(result), gate_markdown(result)))


def test_names_are_text_in_every_form(tmp_path: Path) -> None:
    name = "a|b`c\n<img src=x>\x1b[2J [x](http://y) @all #1 \ud800\x00"
    bad = [RUN["nodes"][0] | {"name": name, "instructions": 900}, RUN["nodes"][1]]
    result = judge(BENCH, _changed(BENCH, nodes=bad, instructions=1200), Tolerances())
    assert result.failed
    failure = ElementTree.fromstring(gate_junit(result)).find("testcase/failure")
    assert failure is not None
    assert "\\n<img" in str(failure.text)
    assert "\\x1b[2J" in str(failure.text)
    (row,) = (line for line in gate_markdown(result).splitlines() if "instructions" in line)
    assert re.search(
        r"a\\\|b\\`c\.\\<img src=x\\>\.\\\[2J \\\[x\\\]\(http\\://y\) \\@\u200ball \\#\u200b1", row
    )
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    suite = ElementTree.fromstring(gate_junit(result))
    assert "<img src=x>" in str([failure.get("message") for failure in suite.iter("failure")])
    for form in ("text", "junit", "markdown", "json"):
        shown = _gate(tmp_path, BENCH, _changed(BENCH, nodes=bad, instructions=1200), "--format", form)
        assert shown.exit_code == 1
        assert not re.search("[\x00\x1b]", shown.output)
        written = _gate(
            tmp_path,
            BENCH,
            _changed(BENCH, nodes=bad, instructions=1200),
            "--format",
            form,
            "-o",
            str(tmp_path / "o"),
        )
        assert written.exit_code == 1
        assert (tmp_path / "o").stat().st_size > 100
        if form == "markdown":
            assert (tmp_path / "o").read_text() == shown.output
            assert "\\@\u200ball" in shown.output
