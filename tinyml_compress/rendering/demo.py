"""The last page of `make demo`: what the model became, and on which boards it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_compress.devices import Device, TflmNeed
from tinyml_compress.results import Measurement
from tinyml_compress.support.table import Block, Cell, Column, Noted, Numbers, Row, Table, facts

_NO_TFLM = (
    "TensorFlow Lite Micro (the package tflite-micro) is not installed here, so its arena is not measured"
)


@dataclass(frozen=True)
class ModelRow:
    """One form of the model on the test part."""

    form: str
    nbytes: int
    accuracy: Numbers | None
    agreement: Numbers | None
    """With the float model; absent for that itself."""
    arena_bytes: int | None
    """Of TensorFlow Lite Micro; absent for float and where TFLM is not installed."""


@dataclass(frozen=True)
class BoardRow:
    """One board under both engines."""

    device: Device
    tflm: TflmNeed | None
    """Absent where TensorFlow Lite Micro is not installed, which knows the arena."""
    aot: Measurement


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


def demo_blocks(result: DemoResult) -> list[Block]:
    """Two tables and the list of files."""
    return [
        _models(result),
        "",
        _boards(result),
        "",
        facts(result.files, title=f"Written to {result.folder} in {result.seconds:.0f} s:", indent=2),
    ]


def _models(result: DemoResult) -> Table:
    columns = (
        Column("model"),
        Column("bytes", "{:,}"),
        Column("accuracy (95% interval)"),
        Column("agreement with float", priority=1),
        Column("TFLM arena", "{:,}", priority=2),
    )
    rows = tuple((row.form, row.nbytes, row.accuracy, row.agreement, row.arena_bytes) for row in result.rows)
    return Table(columns, rows, f"The model on {result.data}")


def _boards(result: DemoResult) -> Table:
    columns = (
        Column("board"),
        Column("flash KB", "{:,.0f}", priority=3),
        Column("RAM KB", "{:,.0f}", priority=3),
        Column("with TFLM", priority=2),
        Column("our C: flash", "{:,}"),
        Column("RAM", "{:,}"),
        Column("ms", "{:.2f}"),
        Column("±", "{:.0%}", priority=4),
        Column("as TFLM", priority=1),
    )
    title = "On boards (our C emulated: bytes exact, ms modelled; TFLM's runtime estimated)"
    needs = [row.tflm for row in result.boards if row.tflm is not None]
    notes = tuple(f"with TFLM: {text}" for text in needs[0].assumptions) if needs else ()
    return Table(columns, tuple(map(_board, result.boards)), title, notes)


def _board(row: BoardRow) -> Row:
    device, run = row.device, row.aot
    tflm: Cell = Noted("not known", _NO_TFLM) if row.tflm is None else str(row.tflm)
    supply = (device.name, device.flash_bytes / 1024, device.ram_bytes / 1024, tflm)
    if run.error is not None:
        return (*supply, None, None, None, None, Noted("did not run", run.error.why))
    time = run.figure("ms")
    error = None if time is None else time.error
    return (*supply, run.flash, run.ram, run.ms, error, _outputs(run))


def _outputs(run: Measurement) -> Cell:
    if run.bit_exact is None:
        return Noted("not compared", run.bit_exact_unknown or "")
    same = run.bit_exact.vectors - run.bit_exact.mismatches
    return Numbers((same, run.bit_exact.vectors), "{}/{}")
