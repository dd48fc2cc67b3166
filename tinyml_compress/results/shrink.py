"""A smaller file with equal outputs. Every number is exact."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tinyml_compress.results.base import Result, Value
from tinyml_compress.results.ledger import Ledger


class Narrowed(Value, frozen=True, kw_only=True):
    """A layer that lost channels."""

    layer: str
    op: str
    before: int
    after: int


class Shrunk(Result, frozen=True, kw_only=True):
    """Both ledgers, what was cut, and on how many inputs the outputs were compared."""

    verb: ClassVar[str] = "shrink"
    derived: ClassVar[tuple[str, ...]] = ("saved",)

    before: Ledger
    after: Ledger
    vectors: int = msgspec.field(name="identical_outputs")
    """Inputs with equal outputs; 0 without TensorFlow Lite Micro on the machine."""
    narrowed: tuple[Narrowed, ...]
    nodes: tuple[int, int]
    """Before and after."""
    macs: tuple[int, int]
    """Before and after."""
    not_analysed: str | None = None
    """Why nothing but names was touched, where more was asked for."""

    @property
    def saved(self) -> int:
        """Bytes of the file."""
        return self.before.file - self.after.file
