"""One number of a measurement: how much of what, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from tinyml_compress.results.base import Value


class Kind(Enum):
    """Where a number comes from."""

    EXACT = "exact"
    """Counted."""
    MODELLED = "modelled"
    """Computed from what was counted, with prices that are true within an error."""
    MEASURED = "measured"
    """Read from a clock or a meter."""
    BOUNDED = "bounded"
    """An estimate on the safe side."""


class Figure(Value, frozen=True, kw_only=True):
    """One number. Names that targets share: flash, RAM, instructions, cycles, ms, mJ; others are theirs."""

    name: str
    value: float | int
    unit: str
    kind: Kind
    by: str | None = None
    """Who modelled it, where it was not us."""
    error: float | None = None
    """Half-width of the error bar, as a fraction."""
    limit: int | None = None
    """What the target has of it."""
    parts: Mapping[str, int] | None = None
    """The sum by cause."""
    about: Mapping[str, str | float] | None = None
    """What the number rests on, by key."""

    @property
    def shown(self) -> str:
        """With its unit and error, for a line of text."""
        number = f"{self.value:,}" if isinstance(self.value, int) else f"{self.value:,.4g}"
        bar = "" if self.error is None else f" ±{self.error:.0%}"
        whose = "" if self.by is None else f" by {self.by}"
        return f"{number} {self.unit}".strip() + bar + whose
