"""What a core's instructions cost on one board."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tinyml_compress.results.base import Result, Value


class FittedCost(Value, frozen=True, kw_only=True):
    """Of a class of instructions, in cycles beyond what every instruction costs."""

    name: str
    before: float
    """In the file of the core."""
    cycles: float


class FittedProgram(Value, frozen=True, kw_only=True):
    """One calibration program."""

    name: str
    instructions: int
    """Exact."""
    cycles: int
    """By the board's clock."""
    off: float
    """Of its cycles, as a fraction: by costs that were fitted without it."""


class CoreFit(Result, frozen=True, kw_only=True):
    """The costs, and how far they are off."""

    verb: ClassVar[str] = "measure fit-core"

    board: str
    like: str
    """The board whose memories and clock were taken."""
    core: str
    port: str
    clock_hz: int
    emulated: bool | None = None
    """The board's own clock is a model's."""
    error: float
    """Half-width of the bar for other programs, as a fraction."""
    costs: tuple[FittedCost, ...]
    programs: tuple[FittedProgram, ...]
    files: tuple[Path, ...]
