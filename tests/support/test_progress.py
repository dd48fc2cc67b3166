"""Progress lines: shown on a terminal, silent elsewhere, gone when the stage ends."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import pty
import subprocess
import sys

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


_DRAWN = """
from tinyml_compress.support.screen import guard_streams
from tinyml_compress.support.progress import stage
guard_streams()
with stage("run a\\x1b[2Jb", total=2) as line:
    line.advance()
    line.note("half")
"""


def test_a_verbs_display_moves_the_cursor_although_streams_are_guarded() -> None:
    """On a real terminal, as `main` sets it up: codes of ours are obeyed, those of a name are written out."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", _DRAWN], stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ) as drawn:
        os.close(theirs)
        parts = []
        with contextlib.suppress(OSError):  # how a terminal says that its other side is closed
            while part := os.read(ours, 65536):
                parts.append(part)
    os.close(ours)
    text = b"".join(parts).decode()
    assert drawn.returncode == 0
    assert "run a\\x1b[2Jb" in text
    assert "half" in text
    assert "\x1b[?25l" in text
    assert text.count("\\x1b") == text.count("a\\x1b[2Jb"), "only the name's code is written out"


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


def test_without_a_terminal_long_stages_say_now_and_then_where_they_are(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with caplog.at_level(logging.INFO, logger=progress.__name__), progress.stage("search") as stage:
        for now[0] in (1.0, 31.0, 40.0, 62.0):
            stage.note(f"at {now[0]:.0f}")
    assert caplog.messages == ["search: at 31", "search: at 62", "search: 62.0 s"]
