"""A plugin of pytest: `-p tests.lib.rooms` ends a run with the seconds of each room of tests, beside its
budget.

A budget counts seconds of all processes together (tests/rooms.toml). Where the machine has other work as
well, waiting says nothing: a room is over its budget only if the processor's seconds are, too. `--hold-rooms`
makes that a failure.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

BUDGETS = Path(__file__).resolve().parents[1] / "rooms.toml"


@dataclass
class Spent:
    """What one room took."""

    tests: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    """Seconds of the processor, in the tests' own processes and in what they started and waited for."""


def budgets() -> dict[str, int]:
    """Seconds by room."""
    return dict(tomllib.loads(BUDGETS.read_text())["seconds"])


def room_of(nodeid: str) -> str:
    """The folder of tests/ that a test lies in; `top` for those that lie in none."""
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 else "top"


def over(spent: Mapping[str, Spent], allowed: Mapping[str, int], *, alone: bool) -> list[str]:
    """Rooms that took more than their budget; `alone`: nobody else worked on this machine, so that waiting
    counts.
    """
    return [
        room
        for room, row in spent.items()
        if (row.seconds if alone else min(row.seconds, row.processor)) > allowed.get(room, 0)
    ]


def table(spent: Mapping[str, Spent], allowed: Mapping[str, int]) -> list[str]:
    """One line per room, the longest first."""
    lines = [f"{'room':12} {'tests':>6} {'seconds':>8} {'processor':>9} {'budget':>6}"]
    everything = Spent()
    for room, row in sorted(spent.items(), key=lambda item: -item[1].seconds):
        lines.append(_line(room, row, allowed.get(room, 0)))
        everything.tests += row.tests
        everything.seconds += row.seconds
        everything.processor += row.processor
    return [*lines, _line("together", everything, sum(allowed.get(room, 0) for room in spent))]


def _line(room: str, row: Spent, budget: int) -> str:
    return f"{room:12} {row.tests:6,} {row.seconds:8,.0f} {row.processor:9,.0f} {budget:6,}"


# --- the plugin ---------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--hold-rooms", action="store_true", help="fail when a room takes more than its budget")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Clock())
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Summary(hold=config.getoption("--hold-rooms")))


class _Clock:
    """In every process that runs tests: the processor's seconds of each step of a test, written into its
    report.
    """

    def __init__(self) -> None:
        self._last = _processor()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, None]:
        outcome = yield
        now = _processor()
        outcome.get_result().processor = now - self._last
        self._last = now


def _processor() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


class _Summary:
    """In the first process: sums, and the table in the end."""

    def __init__(self, hold: bool) -> None:
        self._hold = hold
        self._spent: dict[str, Spent] = {}
        self._over: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = self._spent.setdefault(room_of(report.nodeid), Spent())
        row.tests += report.when == "call"
        row.seconds += report.duration
        row.processor += getattr(report, "processor", 0.0)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        processes = max(1, getattr(session.config.option, "numprocesses", None) or 1)
        alone = os.getloadavg()[2] < processes + 1
        self._over = over(self._spent, budgets(), alone=alone)
        if self._over and self._hold and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self._spent:
            return
        terminalreporter.write_line("\n".join(table(self._spent, budgets())))
        if self._over:
            terminalreporter.write_line(
                f"over its budget of seconds: {', '.join(self._over)}. Make its "
                "tests faster, or mark long ones with "
                f"@pytest.mark.full; a larger budget (tests/rooms.toml) must come out of another room's"
            )
