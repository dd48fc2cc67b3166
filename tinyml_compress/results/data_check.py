"""What would spoil a calibration."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

import msgspec

from tinyml_compress.results.base import Result, Value


class Severity(Enum):
    """How much it matters."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"


class Finding(Value, frozen=True, kw_only=False):
    """One thing that was looked at."""

    severity: Severity
    about: str
    text: str


class DataCheck(Result, frozen=True, kw_only=True):
    """All findings about one set."""

    verb: ClassVar[str] = "data check"
    derived: ClassVar[tuple[str, ...]] = ("warnings",)

    spec: str = msgspec.field(name="data")
    title: str = ""
    findings: tuple[Finding, ...]

    @property
    def warnings(self) -> int:
        """How many of the findings are."""
        return sum(finding.severity is Severity.WARNING for finding in self.findings)
