"""Seconds per room of tests: every room has a budget, and all budgets together are a quarter of an hour."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.lib.rooms import Spent, budgets, over, room_of, table

TESTS = Path(__file__).resolve().parent
REPO = TESTS.parent
PROCESSES = 2
MINUTES = 15
START = 60
"""Seconds in which no test runs yet: pytest, its processes, the collection."""


def test_every_room_has_a_budget_and_every_budget_a_room() -> None:
    rooms = {room_of(path.relative_to(REPO).as_posix()) for path in TESTS.rglob("test_*.py")}
    assert set(budgets()) == rooms


def test_all_together_are_a_quarter_of_an_hour() -> None:
    assert all(seconds > 0 for seconds in budgets().values())
    assert sum(budgets().values()) <= PROCESSES * (MINUTES * 60 - START)


def test_rooms_of_tests() -> None:
    assert room_of("tests/ops/test_add.py::test_many[size]") == "ops"
    assert room_of("tests/ops/inner/test_add.py") == "ops"
    assert room_of("tests/test_cli.py::test_x[a/b]") == "top"


def test_waiting_counts_only_where_nobody_else_works() -> None:
    spent = {"quick": Spent(1, 9.0, 9.0), "waits": Spent(1, 30.0, 5.0), "works": Spent(1, 30.0, 25.0)}
    allowed = {"quick": 10, "waits": 20, "works": 20}
    assert over(spent, allowed, alone=True) == ["waits", "works"]
    assert over(spent, allowed, alone=False) == ["works"]
    assert over({"new": Spent(1, 1.0, 1.0)}, allowed, alone=False) == ["new"]  # a room without a budget
    lines = table(spent, allowed)
    assert lines[1].split() == ["waits", "1", "30", "5", "20"]
    assert lines[-1].split() == ["together", "3", "69", "39", "50"]


def test_a_run_ends_with_the_table(tmp_path: Path) -> None:
    """A room without a budget is over it; --hold-rooms fails the run, here on two processes as `make test`
    has it.
    """
    (tmp_path / "tests" / "made_up").mkdir(parents=True)
    (tmp_path / "tests" / "made_up" / "test_x.py").write_text("def test_x():\n    sum(range(10_000_000))\n")
    shown = []
    plugins = [
        "-p",
        "tests.lib.rooms",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        str(tmp_path),
    ]
    for words in (("-n", "0"), ("-n", "2", "--hold-rooms")):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *plugins, *words, str(tmp_path / "tests")],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            cwd=REPO,
        )
        assert "1 passed" in done.stdout, done.stdout + done.stderr
        assert "over its budget of seconds: made_up" in done.stdout
        (row,) = (line.split() for line in done.stdout.splitlines() if line.startswith("made_up"))
        assert row[1] == "1"
        shown.append(done.returncode)
    assert shown == [0, 1]
