"""Two results of one verb held against each other."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

from tinyml_compress.results.base import Result, Value


class Metric(Enum):
    """What is held against the baseline; the value is the word of `--tolerance`."""

    FLASH = "flash"
    RAM = "ram"
    INSTRUCTIONS = "instructions"
    TIME = "ms"
    """Measured on a board."""
    SIZE = "size"
    ACCURACY = "accuracy"
    EXACTNESS = "exactness"
    PRESENCE = "presence"


class Verdict(Enum):
    """How a check ended."""

    FAILED = "failed"
    PASSED = "passed"
    BETTER = "better"


class Promise(Value, frozen=True, kw_only=True):
    """One number, or one promise, of the baseline and what became of it."""

    where: str
    metric: Metric
    verdict: Verdict
    before: float | None = None
    after: float | None = None
    detail: str


class Gate(Result, frozen=True, kw_only=True):
    """All checks, those that failed first."""

    verb: ClassVar[str] = "gate"
    derived: ClassVar[tuple[str, ...]] = ("passed",)

    checks: tuple[Promise, ...]

    @property
    def failed(self) -> tuple[Promise, ...]:
        """Those that were not kept."""
        return tuple(check for check in self.checks if check.verdict is Verdict.FAILED)

    @property
    def passed(self) -> bool:
        """Whether all were kept."""
        return not self.failed
