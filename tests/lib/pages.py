"""Markdown pages as programs: what a page shows is run, in its order, in one folder, and what it prints is
compared.

In a page, fenced blocks of these kinds are run:

- `console`: lines that begin with `$ ` are commands, the lines below one are what it prints. A line `...`
  stands for any lines, at the end of a line for any words. Numbers of seconds are not compared. A command
  without output shown is only run.
- `python`: a program; a `text` block right below is what it prints.

An HTML comment on the line above a block says more: `<!-- numbers: REASON -->` compares its words but not its
numbers (those of a net trained here, say), `<!-- file: NAME -->` writes the block to that file instead, `<!--
tested by: PATH -->` names the test that runs the same, `<!-- shown: REASON -->` leaves a block alone that
cannot run here (a board, a vendor's tool). Every other kind of block must be a `text` block or carry one of
these.

A page whose first lines hold `<!-- tests: full -->` runs in `make test-full` only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\s*$")
_NOTE = re.compile(r"^\s*<!-- (?P<key>file|numbers|tested by|shown): (?P<value>.+?) -->\s*$")
_SECONDS = re.compile(r"\b\d+(\.\d+)? s\b")
_NUMBER = re.compile(r"[-+]?\b[0-9][0-9,]*(\.[0-9]+)?(e[-+]?[0-9]+)?\b|\b[0-9a-f]{12,64}\b")
_RULE = re.compile(r"[─━┳╇┻┴┬┼]+")
_TIMEOUT = 900.0
_RUN = {"console", "python"}
_DATA = {"text"}


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    line: int
    kind: str
    text: str
    key: str = ""
    """`file`, `numbers`, `tested by`, `shown`, or nothing."""
    value: str = ""


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a Markdown text."""
    lines = page.splitlines()
    found: list[Block] = []
    index = 0
    while index < len(lines):
        opened = _FENCE.match(lines[index])
        if opened is None:
            index += 1
            continue
        note = _NOTE.match(lines[index - 1]) if index else None
        start, indent = index + 1, len(opened["indent"])
        index = start
        while index < len(lines) and lines[index].strip() != "```":
            index += 1
        body = "\n".join(line[indent:] for line in lines[start:index])
        found.append(
            Block(start, opened["kind"], body, note["key"] if note else "", note["value"] if note else "")
        )
        index += 1
    return found


def problems(page: str, repo: Path) -> Iterator[str]:
    """What no run would notice: a block of a kind that is not run, a test that is not there."""
    for block in blocks_of(page):
        if block.key == "tested by" and not (repo / block.value.split(" ")[0].split("::")[0]).is_file():
            yield f"line {block.line}: no such test: {block.value}"
        if not block.key and block.kind not in _RUN | _DATA:
            yield f"line {block.line}: a block of kind {block.kind or 'none'} is neither run nor marked"


def run_page(page: str, folder: Path) -> list[str]:
    """Run the page in `folder`; every difference between shown and printed."""
    apart: list[str] = []
    todo = [block for block in blocks_of(page) if block.key not in ("tested by", "shown")]
    for index, block in enumerate(todo):
        if block.key == "file":
            place = folder / block.value
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(block.text + "\n", encoding="utf-8")
        elif block.kind == "console":
            for command, shown in _commands(block.text):
                apart += _compared(
                    block, command, shown, _printed(["bash", "-o", "pipefail", "-c", command], folder)
                )
        elif block.kind == "python":
            below = todo[index + 1] if index + 1 < len(todo) else None
            shown = below.text.splitlines() if below is not None and below.kind == "text" else []
            apart += _compared(block, "python", shown, _printed([sys.executable, "-c", block.text], folder))
    return apart


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    command: list[str] = []
    shown: list[str] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            if command:
                yield "\n".join(command), shown
            command, shown = [line[2:]], []
        elif command and command[-1].endswith("\\") and not shown:
            command.append(line)
        else:
            shown.append(line)
    if command:
        yield "\n".join(command), shown


def _printed(words: list[str], folder: Path) -> tuple[int, str]:
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # A test that ran before may have loaded Keras 2 into this process; the reader's shell has not.
    plain = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run(
        words,
        cwd=folder,
        env={**plain, "PATH": search, "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    return done.returncode, done.stdout


def _compared(block: Block, command: str, shown: list[str], printed: tuple[int, str]) -> list[str]:
    code, output = printed
    expects_failure = any(line.startswith(("error: ", "Error: ")) for line in shown)
    if (code != 0) is not expects_failure:
        return [f"line {block.line}: `{command}` ended with {code}:\n{output[-2000:]}"]
    exact = block.key != "numbers"
    wanted, given = ([_normal(line, exact) for line in lines] for lines in (shown, output.splitlines()))
    if not shown or _matches(wanted, given):
        return []
    return [f"line {block.line}: `{command}` printed other lines than shown:\n{output[-3000:]}"]


def same_words(shown: str, printed: str) -> bool:
    """Whether two texts are the same but for numbers, and for widths that come from these."""
    wanted, given = ([_normal(line, exact=False) for line in text.splitlines()] for text in (shown, printed))
    return _matches(wanted, given)


def _normal(line: str, exact: bool) -> str:
    """Without what a table's width changes, without seconds, and without numbers where they are free."""
    line = _RULE.sub("─", _SECONDS.sub("# s", line))
    return " ".join((line if exact else _NUMBER.sub("#", line)).split())


def _matches(shown: list[str], printed: list[str]) -> bool:
    """Whether `printed` is `shown`, where `...` stands for any lines; empty lines do not count."""
    wanted = [line for line in shown if line]
    given = [line for line in printed if line]
    anchored, place = True, 0
    for line in wanted:
        if line == "...":
            anchored = False
            continue
        if anchored:
            if place >= len(given) or not _same(line, given[place]):
                return False
        else:
            while place < len(given) and not _same(line, given[place]):
                place += 1
            if place == len(given):
                return False
        place, anchored = place + 1, True
    return not anchored or place == len(given)


def _same(shown: str, printed: str) -> bool:
    return printed.startswith(shown[:-3].rstrip()) if shown.endswith("...") else printed == shown
