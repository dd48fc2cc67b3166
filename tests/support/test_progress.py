"""Progress lines: shown on a terminal, silent elsewhere, gone when the stage ends."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tinyml_compress.support import progress


def terminal() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, force_terminal=True, width=100, legacy_windows=False), out


def test_a_stage_shows_title_steps_and_note() -> None:
    console, out = terminal()
    with progress.stage("training", total=4, console=console) as stage:
        stage.advance(3)
        stage.note("epoch 3")
    text = out.getvalue()
    assert "training" in text
    assert "3/4" in text
    assert "epoch 3" in text


def test_inner_stages_join_the_display() -> None:
    console, out = terminal()
    with progress.stage("outer", console=console), progress.stage("inner", console=console):
        pass
    with progress.stage("after", console=console):
        pass
    assert "outer" in out.getvalue()
    assert "after" in out.getvalue()


def test_an_error_ends_the_display() -> None:
    console, _ = terminal()
    with pytest.raises(ValueError), progress.stage("fails", console=console):
        raise ValueError
    assert progress._Shown.progress is None


def test_quiet_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.stage("training", total=2) as stage:
        stage.advance()
        stage.note("x")
    assert capsys.readouterr() == ("", "")
