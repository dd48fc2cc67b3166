"""What TensorFlow Lite Micro registers is ours, or missing with a reason in docs/operators.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.lib.registered import registered
from tinyml_compress.cli.operators import command
from tinyml_compress.errors import UsageError
from tinyml_compress.ops import all_operators
from tinyml_compress.ops.missing import MISSING

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operators.md"


def test_what_tflm_registers_is_ours_or_has_a_reason(capfd: pytest.CaptureFixture[str]) -> None:
    theirs, ours = set(registered(capfd)), set(all_operators())
    assert {"CONV_2D", "SVDF", "SignalRfft", "CIRCULAR_BUFFER"} <= theirs
    assert len(theirs) > 100
    assert theirs - ours == set(MISSING)
    assert len(MISSING) <= 10
    assert ours <= theirs, "an operator without an oracle"
    assert all(len(reason) > 40 for reason in MISSING.values())


def test_the_page_is_what_the_program_writes() -> None:
    done = CliRunner().invoke(command, ["--markdown"])
    assert done.exit_code == 0
    assert PAGE.read_text(encoding="utf-8") == done.output, (
        "tinyml-compress operators --markdown > docs/operators.md"
    )


def test_the_page_is_whole() -> None:
    for given in (["--markdown", "ADD"], ["--markdown", "--json"]):
        assert isinstance(CliRunner().invoke(command, given).exception, UsageError)


def test_names_of_custom_operators_in_any_case() -> None:
    done = CliRunner().invoke(command, ["signalwindow"])
    assert done.output.splitlines()[2].split()[0] == "SignalWindow"
