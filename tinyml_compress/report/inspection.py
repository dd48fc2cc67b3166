"""What `inspect` found in a file, and its terminal form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tinyml_compress.ir.ledger import Ledger

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Inspection", "LayerFacts", "Values", "print_inspections"]


@dataclass(frozen=True)
class Values:
    """A constant tensor's numbers: how many, how many are zero, and the range of what they stand for."""

    count: int
    zeros: int
    lowest: float
    highest: float
    edges: tuple[float, float]
    """Outer edges of the histogram."""
    histogram: tuple[int, ...]
    """Of the weights that are not zero."""


@dataclass(frozen=True)
class LayerFacts:
    """One operator of the file, as it stands there."""

    index: int
    op: str
    name: str
    inputs: tuple[str, ...]
    output: str
    quantization: str
    macs: int
    parameters: int
    weights: Values | None


@dataclass(frozen=True)
class Inspection:
    """Everything `inspect` knows about one file. Absent parts carry their reason in `missing`."""

    path: str
    sha256: str
    ledger: Ledger
    operators: tuple[tuple[str, int], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[LayerFacts, ...]
    macs: int
    parameters: int
    zeros: int
    arena_bytes: int | None
    arena_lower_bound: int | None
    missing: str | None

    def as_json(self) -> dict[str, object]:
        """The form of `--json`; what is not known is absent."""
        found = {key: value for key, value in asdict(self).items() if value is not None}
        layers = [{key: value for key, value in asdict(layer).items() if value is not None} for layer in self.layers]
        return {**found, "operators": dict(self.operators), "layers": layers}


_WIDE = 110
"""Columns of a terminal in which the remarks have room beside the numbers."""


def print_inspections(inspections: Sequence[Inspection], *, layers: bool) -> None:
    """Print a table with one column per file, then one table of layers per file."""
    from rich.console import Console

    console = Console()
    console.print(_overview(inspections, notes=console.width >= _WIDE))
    for found in inspections:
        if layers:
            console.print(_layers(found))
        if found.missing is not None:
            console.print(f"{found.path}: {found.missing}")


def _overview(inspections: Sequence[Inspection], *, notes: bool) -> Table:
    from rich.table import Table

    table = Table(title="bytes and counts are exact (counted)", title_justify="left")
    table.add_column("")
    for found in inspections:
        table.add_column(found.path.rsplit("/", 1)[-1], justify="right", overflow="fold")
    if notes:
        table.add_column("costs", style="dim")

    def row(label: str, values: Sequence[str], note: str = "") -> None:
        table.add_row(label, *values, *([note] if notes else []))

    row("file", [f"{found.ledger.file:,} B" for found in inspections], "download; flash with TFLM")
    for index, (part, _, note) in enumerate(inspections[0].ledger.parts()):
        row(f"  {part}", [f"{found.ledger.parts()[index][1]:,} B" for found in inspections], note)
    row("gzip", [f"{found.ledger.gzip:,} B" for found in inspections], "download")
    row("arena", [_or_dash(found.arena_bytes) for found in inspections], "RAM with generated C, in and out included")
    row("  lower bound", [_or_dash(found.arena_lower_bound) for found in inspections])
    row("MACs", [f"{found.macs:,}" for found in inspections])
    row("parameters", [f"{found.parameters:,}" for found in inspections])
    row("  that are zero", [f"{found.zeros / max(found.parameters, 1):.1%}" for found in inspections])
    row("inputs", ["\n".join(found.inputs) for found in inspections])
    row("outputs", ["\n".join(found.outputs) for found in inspections])
    row("operators", ["\n".join(f"{count} {op}" for op, count in found.operators) for found in inspections])
    return table


def _or_dash(value: int | None) -> str:
    return "-" if value is None else f"{value:,} B"


def _layers(found: Inspection) -> Table:
    from rich.table import Table

    table = Table(title=found.path, title_justify="left")
    for column, justify in (
        ("#", "right"),
        ("operator", "left"),
        ("layer", "left"),
        ("output", "left"),
        ("MACs", "right"),
        ("parameters", "right"),
        ("zeros", "right"),
        ("weights", "left"),
    ):
        table.add_column(column, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for layer in found.layers:
        values = layer.weights
        table.add_row(
            str(layer.index),
            layer.op,
            layer.name,
            layer.output,
            f"{layer.macs:,}" if layer.macs else "",
            f"{layer.parameters:,}" if layer.parameters else "",
            f"{values.zeros / max(values.count, 1):.1%}" if values else "",
            f"{values.lowest:.3g} to {values.highest:.3g}, {layer.quantization}" if values else "",
        )
    return table
