"""What `make demo` runs: the verb trains and goes the whole way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.demos import make_demo
from tests.lib.pages import blocks_of, same_words
from tests.lib.schema import validate
from tinyml_compress.devices import Device, list_devices
from tinyml_compress.pipeline.measure.target import all_targets
from tinyml_compress.runners import tflm


@pytest.fixture(scope="module")
def ran(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A folder with `out/`, `stdout` and `stderr` of one run."""
    return once("demo", make_demo)


def test_it_ends_with_sizes_accuracy_arena_and_a_verdict_per_board(ran: Path) -> None:
    text = (ran / "stdout").read_text()
    for word in (
        "float32",
        "int8",
        "accuracy (95% interval)",
        "TFLM arena",
        "agreement with float",
        str(ran / "out"),
    ):
        assert word in text
    boards = [one.name for one in all_targets() if one.is_surveyed]
    assert len(boards) > 25
    for board in boards:
        assert f"{board} " in text, f"no verdict for {board}"
    assert "KB more flash" in text, "the smallest board is too small for an interpreter"
    assert (
        "with TFLM: TFLM's code with CMSIS-NN's kernels and start-up takes 54,000 B of flash: an estimate"
        in text
    )


@pytest.mark.skipif(
    not tflm.available(), reason="the page shows what TensorFlow Lite Micro says, which is not here"
)
def test_the_readme_shows_what_a_machine_without_optional_programs_prints(ran: Path, repo: Path) -> None:
    """Numbers apart: another processor rounds otherwise while it trains."""
    blocks = blocks_of((repo / "README.md").read_text(encoding="utf-8"))
    (shown,) = (block.text for block in blocks if block.text.startswith("data     1400 + 397"))
    printed = (ran / "stdout").read_text().replace(str(ran / "out"), "build/demo")
    assert same_words(shown, printed), printed


def test_nothing_but_the_result_reaches_the_user(ran: Path) -> None:
    assert (ran / "stderr").read_text() == "", "no log line of TensorFlow, no progress outside a terminal"


def test_the_files_are_there(ran: Path) -> None:
    made = {str(path.relative_to(ran / "out")) for path in (ran / "out").rglob("*") if path.is_file()}
    assert {
        "digits.keras",
        "int8/digits.tflite",
        "int8/digits_model_data.c",
        "int8/digits_resolver.h",
        "c/digits.c",
        "c/digits.h",
        "report.html",
        "report.json",
    } <= made
    manifest = json.loads((ran / "out" / "int8" / "manifest.json").read_text())
    assert manifest["conversion"]["mode"] == "int8"
    assert manifest["float_operators"] == []
    int8, plain = ((ran / "out" / form / "digits.tflite").stat().st_size for form in ("int8", "float32"))
    assert int8 < 0.3 * plain


def test_its_report_follows_the_schema_and_shows_all_of_it(ran: Path) -> None:
    found = json.loads((ran / "out" / "report.json").read_text())
    validate(found)
    run = {run["device"] for run in found["results"][3]["runs"]}
    microcontrollers = {one.name for one in list_devices() if isinstance(one, Device)}
    assert {row["device"] for row in found["with_tflm"]} == run & microcontrollers
    assert {row["fits"] for row in found["with_tflm"]} == {True, False}
    assert len(found["with_tflm_assumptions"]) == 3
    verbs = [result["verb"] for result in found["results"]]
    assert verbs == ["convert", "evaluate", "evaluate ladder", "benchmark"]
    page = (ran / "out" / "report.html").read_text()
    for heading in ("Training", "Conversion", "Accuracy", "Parity of the engines", "On devices"):
        assert f">{heading}</h2>" in page


def test_a_home_that_cannot_be_written_is_said_before_anything_is_made(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tinyml_compress", "demo", "-o", str(tmp_path / "out")]
    variables = {
        key: value
        for key, value in os.environ.items()
        if key not in ("TINYML_COMPRESS_CACHE", "XDG_CACHE_HOME")
    }
    done = subprocess.run(
        words,
        env={**variables, "HOME": "/dev/null/home"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: cannot write to the cache: /dev/null/home/.cache/")
    assert "TINYML_COMPRESS_CACHE" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_int8_keeps_the_accuracy(ran: Path) -> None:
    """By the Python API, on the files of the run: the words are those of the command line."""
    import tinyml_compress

    out = ran / "out"
    done = tinyml_compress.evaluate(
        out / "int8" / "digits.tflite", "data:digits:test", engine="aot", against=out / "digits.keras"
    )
    assert done.agreement is not None
    assert done.agreement.value is not None
    assert done.agreement.value > 0.97
    assert done.score is not None
    assert done.score.value > 0.9
