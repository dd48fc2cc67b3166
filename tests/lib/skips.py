"""A plugin of pytest: `-p tests.lib.skips --skipped-to FILE` writes down which tests were skipped, for
`pytest @FILE`.

`make test` writes the file, and `make test-skipped` runs what is in it, once what was missing is there.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--skipped-to", metavar="FILE", help="write the names of skipped tests into FILE, one a line"
    )


def pytest_configure(config: pytest.Config) -> None:
    place = config.getoption("--skipped-to")
    # Processes of pytest-xdist report to the first one, which alone writes.
    if place and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Recorder(Path(place)))


class _Recorder:
    """Collects names while the tests run."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._names: dict[str, None] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that skips itself as a whole."""
        if report.skipped:
            self._names[report.nodeid] = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._names[report.nodeid] = None

    def pytest_sessionfinish(self) -> None:
        self._place.parent.mkdir(parents=True, exist_ok=True)
        self._place.write_text("".join(f"{name}\n" for name in sorted(self._names)), encoding="utf-8")
