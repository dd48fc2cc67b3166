"""Several models on one set, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

__all__ = ["EvaluationRow", "print_evaluations"]


@dataclass(frozen=True)
class EvaluationRow:
    """One model; what it has no number for is empty."""

    model: str
    engine: str
    nbytes: str
    score: str
    agreement: str


def print_evaluations(title: str, against: str | None, rows: Sequence[EvaluationRow]) -> None:
    """One row per model."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in ("model", "engine"):
        table.add_column(column, overflow="fold")
    table.add_column("bytes", justify="right")
    table.add_column("score (95% interval)", overflow="fold")
    if against is not None:
        table.add_column(f"agreement with {against}", overflow="fold")
    for row in rows:
        cells = [row.model, row.engine, row.nbytes, row.score]
        table.add_row(*cells, *([row.agreement] if against is not None else []))
    console = Console()
    # Outside a terminal rich assumes 80 columns; a file or a pipe has no width.
    (console if console.is_terminal else Console(width=140)).print(table)
