"""`python -m tests.lib.full [PART]` is `make test-full`: runs parts of the long proofs and keeps what came
out.

Without a part it prints the record, tests/full.json, as a table. `missing` stands for every part that has not
passed on this state of the sources, `next` for one that follows from the number of commits, so that all have
their turn. The record itself does not belong to the state: it can be committed without making its rows old.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.lib.parts import PARTS, REPO, Part, files_of, named

RECORD = REPO / "tests" / "full.json"
_RECORD_IN_GIT = "tests/full.json"

Row = dict[str, Any]


# --- the state of the sources -------------------------------------------------------------------------------


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=REPO, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def state() -> tuple[str, str]:
    """The commit, and a digest of all its files but the record; a mark behind it where files differ from the
    commit.
    """
    lines = [
        line
        for line in _git("ls-tree", "-r", "HEAD").splitlines()
        if not line.endswith(f"\t{_RECORD_IN_GIT}")
    ]
    commit = _git("rev-parse", "--short=10", "HEAD").strip() or "unknown"
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
    changes = [line for line in _git("status", "--porcelain").splitlines() if line[3:] != _RECORD_IN_GIT]
    return commit, f"{digest} and changes" if changes or not lines else digest


def turn() -> int:
    """How many commits there are: what `next` counts."""
    return int(_git("rev-list", "--count", "HEAD").strip() or "0")


# --- the record ---------------------------------------------------------------------------------------------


def read(record: Path = RECORD) -> dict[str, Row]:
    """Row by part."""
    return dict(json.loads(record.read_text())) if record.exists() else {}


def keep(part: Part, row: Row, record: Path = RECORD) -> None:
    """Put one row into the record."""
    rows = {**read(record), part.name: row}
    ordered = {known.name: rows[known.name] for known in PARTS if known.name in rows}
    new = record.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(ordered, indent=1) + "\n")
    new.replace(record)


def passed(row: Row | None, digest: str) -> bool:
    """Whether all of the part ran on this state of the sources, and nothing failed."""
    return (
        row is not None
        and row["state"] == digest
        and not row["failed"]
        and not row["left"]
        and "changes" not in digest
    )


def table(rows: dict[str, Row], digest: str) -> str:
    """The record for people, and in the last line whether it is whole."""
    head = ("part", "passed", "failed", "skipped", "left", "seconds", "commit", "date", "")
    lines = [head]
    for part in PARTS:
        row = rows.get(part.name)
        if row is None:
            lines.append((part.name, *["-"] * 7, "never run"))
            continue
        counts = (f"{row[key]:,}" for key in ("passed", "failed", "skipped", "left", "seconds"))
        lines.append((part.name, *counts, row["commit"], row["date"], _remark(row, digest)))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    left = (0, 6, 7, 8)
    text = [
        "  ".join(
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    wanting = [part.name for part in PARTS if not passed(rows.get(part.name), digest)]
    text.append(
        "whole: every part passed on this commit" if not wanting else f"not whole: {', '.join(wanting)}"
    )
    return "\n".join(text)


def _remark(row: Row, digest: str) -> str:
    if "changes" in row["state"]:
        return "with changes that were not committed"
    if row["state"] == digest:
        return "this commit"
    behind = _git("rev-list", "--count", f"{row['commit']}..HEAD").strip()
    return f"{behind} commits ago" if behind else "another history"


# --- the plugin: which tests, how long, what came out -------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", help="run the tests of this part alone, and record what came out")
    parser.addoption("--limit", type=float, help="seconds after which no further test is begun")
    parser.addoption("--record", type=Path, default=RECORD, help="file of the record")
    parser.addoption("--start", type=int, default=0, help="begin at this test, counted round")


def pytest_configure(config: pytest.Config) -> None:
    if part := named(config.getoption("--part") or ""):
        config.pluginmanager.register(_Run(config, part))


class _Run:
    """One part, in the first process and in those of pytest-xdist."""

    def __init__(self, config: pytest.Config, part: Part) -> None:
        self._part = part
        self._began = time.monotonic()
        self._limit = config.getoption("--limit")
        self._record = config.getoption("--record")
        self._start = config.getoption("--start")
        self._worker = getattr(config, "workeroutput", None)
        self._state = state()
        self._tests = 0
        self._outcomes: dict[str, str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Counted before anything else is deselected, by -k for one; -m does its work afterwards as well."""
        mine = [
            item
            for item in items
            if (item.get_closest_marker("full") is not None) == (self._part.marked == "full")
        ]
        self._tests = len(mine)
        if self._worker is not None:
            self._worker["tests"] = len(mine)
        if mine:
            start = self._start % len(mine)
            items[:] = [*mine[start:], *mine[:start]]
        else:
            items[:] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        if self._limit and time.monotonic() - self._began > self._limit:
            pytest.skip(_OUT_OF_TIME)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._tests = max(self._tests, getattr(node, "workeroutput", {}).get("tests", 0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = report.outcome
        if outcome == "skipped" and _OUT_OF_TIME in str(report.longrepr):
            outcome = "left"
        if outcome != "passed" or report.when == "call":
            known = self._outcomes.get(report.nodeid)
            self._outcomes[report.nodeid] = "failed" if known == "failed" else outcome

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        if self._worker is not None:
            return
        found = list(self._outcomes.values())
        counts = {key: found.count(key) for key in ("passed", "failed", "skipped")}
        left = self._tests - sum(counts.values())
        if exitstatus not in (0, 1) and not counts["failed"]:
            left = max(left, 1)  # a collection that failed, an interruption
        commit, digest = self._state
        row = {
            "commit": commit,
            "date": datetime.date.today().isoformat(),
            **counts,
            "left": left,
            "seconds": round(time.monotonic() - self._began),
            "state": digest if state() == self._state else f"{digest} and changes",
        }
        keep(self._part, row, self._record)
        terminalreporter.write_line(f"{self._part.name}: {json.dumps(row)}")


_OUT_OF_TIME = "no further test is begun after --limit"


# --- the command --------------------------------------------------------------------------------------------


def _chosen(name: str, rows: dict[str, Row], digest: str) -> list[Part]:
    if name == "missing":
        return [part for part in PARTS if not passed(rows.get(part.name), digest)]
    if name == "next":
        by_turns = PARTS[1:]  # the first is `make test` itself
        return [by_turns[turn() % len(by_turns)]]
    part = named(name)
    if part is None:
        known = ", ".join(known.name for known in PARTS)
        raise SystemExit(f"no such part: {name}; there are {known}, and the words missing and next")
    return [part]


def _run(part: Part, words: Sequence[str], start: int) -> int:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "load" if part.spread else "loadscope",
    ]
    command += ["-p", "tests.lib.full", "--part", part.name, "--start", str(start), *words, *files_of(part)]
    print(
        " ".join(["python", *command[1 : -len(files_of(part))]]), f"({len(files_of(part))} files)", flush=True
    )
    return subprocess.run(command, cwd=REPO, check=False).returncode


def main(words: Sequence[str]) -> int:
    """`[PART[,PART...]] [options of pytest]`: run what is asked for, then print the table."""
    names = words[0].split(",") if words and not words[0].startswith("-") else []
    options = words[1:] if names else words
    _, digest = state()
    failed = 0
    for name in names:
        for part in _chosen(name, read(), digest):
            start = turn() // (len(PARTS) - 1) * 40 if name == "next" else 0
            failed |= _run(part, options, start)
    print(table(read(), digest))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
