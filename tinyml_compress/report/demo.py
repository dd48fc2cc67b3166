"""The last page of `make demo`: what the model became, and on which boards it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from tinyml_compress.devices import Device
from tinyml_compress.devices.measurement import AotRun

__all__ = ["BoardRow", "DemoResult", "ModelRow", "print_demo"]


@dataclass(frozen=True)
class ModelRow:
    """One form of the model on the test part."""

    form: str
    nbytes: int
    accuracy: str
    agreement: str
    """With the float model; empty for that itself."""
    arena_bytes: int | None
    """Of TensorFlow Lite Micro; absent for float and where TFLM is not installed."""


@dataclass(frozen=True)
class BoardRow:
    """One board under both engines."""

    device: Device
    tflm: str
    """The verdict, or why there is none."""
    aot: AotRun | None
    no_aot: str
    """Why our C did not run there; empty when it did."""


@dataclass(frozen=True)
class DemoResult:
    """All that the demonstration found."""

    data: str
    rows: Sequence[ModelRow]
    boards: Sequence[BoardRow]
    folder: Path
    files: Sequence[tuple[str, str]]
    """Name and what it is."""
    seconds: float
    document: Mapping[str, Any]
    """report.json: the results of the verbs that the demonstration stands for."""


def print_demo(result: DemoResult, console: Console) -> None:
    """Two tables and the list of files."""
    console.print(_models(result))
    console.print(_boards(result))
    console.print(f"\nWritten to {result.folder} in {result.seconds:.0f} s:", highlight=False, soft_wrap=True)
    width = max(len(name) for name, _ in result.files)
    for name, what in result.files:
        console.print(f"  {name:<{width}}  {what}", highlight=False, soft_wrap=True)


def _models(result: DemoResult) -> Table:
    table = Table(title=f"The model on {result.data}", title_justify="left", title_style="bold")
    for column in ("", "bytes", "accuracy (95% interval)", "agreement with float", "TFLM arena"):
        table.add_column(column, justify="right" if column in ("bytes", "TFLM arena") else "left")
    for row in result.rows:
        arena = "" if row.arena_bytes is None else f"{row.arena_bytes:,}"
        table.add_row(row.form, f"{row.nbytes:,}", row.accuracy, row.agreement, arena)
    return table


def _boards(result: DemoResult) -> Table:
    table = Table(
        title="On boards (our C emulated: bytes exact, ms modelled; TFLM's runtime estimated)",
        title_justify="left",
        title_style="bold",
    )
    for column in ("board", "flash KB", "RAM KB", "with TFLM", "our C: flash", "RAM", "ms", "as TFLM"):
        numbers = ("flash KB", "RAM KB", "our C: flash", "RAM", "ms")
        side: Literal["left", "right"] = "right" if column in numbers else "left"
        table.add_column(column, justify=side, no_wrap=True)
    for row in result.boards:
        device = row.device
        supply = f"{device.flash_bytes / 1024:,.0f}", f"{device.ram_bytes / 1024:,.0f}"
        if row.aot is None:
            table.add_row(device.name, *supply, row.tflm, "", "", "", row.no_aot)
            continue
        run = row.aot
        time = f"{run.ms:.2f} ±{run.cycles_error:.0%}"
        table.add_row(device.name, *supply, row.tflm, f"{run.flash.total:,}", f"{run.ram.total:,}", time, _outputs(run))
    return table


def _outputs(run: AotRun) -> str:
    if run.agreement is None:
        return run.no_agreement
    same = run.agreement.vectors - run.agreement.mismatches
    return f"{same}/{run.agreement.vectors}"
