"""What a file's text must not do to a terminal."""

from __future__ import annotations

import ast
import subprocess
import sys
import unicodedata
from io import StringIO
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import tinyml_compress.cli as cli
from tests.lib.terminals import PIPED, printed
from tinyml_compress.support.escape import for_terminal
from tinyml_compress.support.progress import stage

HOSTILE = "conv\x1b[31m\x1b]0;owned\x07\r\x9b2J\u202eevil"
WRITTEN = "conv\\x1b[31m\\x1b]0;owned\\x07\\r\\x9b2J\\u202eevil"


def test_commands_are_written_out_and_letters_stay() -> None:
    assert for_terminal(HOSTILE) == WRITTEN
    assert for_terminal("Größe 日本語 ±5% ─ µs a\u200db") == "Größe 日本語 ±5% ─ µs a\u200db"
    assert for_terminal("a\nb\tc") == "a\\nb\\tc"
    assert for_terminal("a\nb\tc\r", lines=True) == "a\nb\tc\\r"


@given(st.text())
def test_nothing_that_moves_a_cursor_is_left(text: str) -> None:
    for shown in (for_terminal(text), for_terminal(text, lines=True).replace("\n", "").replace("\t", "")):
        assert not [
            x
            for x in shown
            if x not in "\u200b\u200c\u200d" and unicodedata.category(x) in ("Cc", "Cf", "Cs", "Zl")
        ]


def test_a_hostile_board_reaches_no_terminal(tmp_path: Path, repo: Path) -> None:
    board = (repo / "targets" / "raspberry-pi-pico.toml").read_text()
    title = 'title = "a \\u001b[2J\\u001b]0;owned\\u0007 board"'
    lines = [title if line.startswith("title = ") else line for line in board.splitlines()]
    (tmp_path / "hostile.toml").write_text("\n".join(lines))
    show = ("targets", "show", "hostile")
    for columns, words in ((PIPED, ("targets",)), (PIPED, show), (80, show)):
        shown = printed(*words, "--targets-dir", tmp_path, columns=columns)
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert "\\x1b[2J" in shown


def test_errors_write_names_out(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m.json"
    file.write_bytes(b"no result")
    done = _tool("gate", "--baseline", file, "--current", file)
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert "a\\x1b[31m.json" in done.stderr


def test_wrong_calls_write_words_out() -> None:
    """A shell's `*` gives names of files as well."""
    done = _tool("a\x07.tflite")
    assert done.returncode == 2
    assert "no such verb: a\\x07.tflite" in done.stderr


def _tool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    called = [sys.executable, "-m", "tinyml_compress", *map(str, words)]
    return subprocess.run(called, capture_output=True, text=True, timeout=60, check=False)


def test_progress_takes_any_name() -> None:
    """Brackets are no markup, and an escape sequence in a name is written out."""
    screen = StringIO()
    with stage(
        "run a[/b].tflite\x1b[2J", console=Console(file=screen, force_terminal=True, width=90)
    ) as line:
        line.note("[/x]\x1b[2K of it")
    assert "run a[/b].tflite\\x1b[2J" in screen.getvalue()
    assert "[/x]\\x1b[2K of it" in screen.getvalue()


def test_letters_beyond_an_old_terminals_are_written_out() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tinyml_compress", "targets", "show", "nucleo-l4r5zi"],
        capture_output=True,
        timeout=60,
        check=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "ascii"},
    )
    assert rb"\xb1" in done.stdout


def test_verbs_print_by_one_function() -> None:
    for path in Path(cli.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert path.name == "_printing.py" or not {"print", "click.echo", "click.secho"} & set(calls), (
            path.name
        )
