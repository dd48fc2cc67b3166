"""What `inspect` found, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.rendering.kernels_text import kernel_table
from tinyml_compress.results import Inspection, Inspections, LayerFacts, Sensitivity
from tinyml_compress.results.base import shows
from tinyml_compress.results.ledger import PARTS
from tinyml_compress.support.table import Block, Cell, Column, Layout, Row, Table

_FILE = (
    *(Column(f"  {part}", "{:,} B", absent="-", about=about) for part, about in PARTS.items()),
    Column("gzip", "{:,} B", absent="-", about="download"),
    Column("arena", "{:,} B", absent="-", about="RAM with generated C, in and out included"),
    Column("  lower bound", "{:,} B", absent="-"),
)
"""What only a .tflite file has."""


@shows(Inspection)
def inspection_blocks(found: Inspection) -> list[Block]:
    """One model with its layers."""
    return models_blocks([found], layers=True)


@shows(Inspections)
def inspections_blocks(found: Inspections) -> list[Block]:
    """Models side by side, with the layers of each."""
    return models_blocks(found.models, layers=True)


def models_blocks(inspections: Sequence[Inspection], *, layers: bool) -> list[Block]:
    """One table with the files side by side, then one table of layers per file."""
    blocks: list[Block] = [_overview(inspections)]
    for found in inspections:
        if layers:
            blocks += ["", _layers(found)]
        if layers and found.kernels:
            title = f"{found.path}: kernels in plain C, balanced (compile --explain shows others)"
            blocks += ["", kernel_table(found.kernels, title)]
        if found.sensitivity is not None:
            blocks += ["", *_sensitivity(found.path, found.sensitivity)]
        blocks += [f"{found.path}: {text}" for text in (found.about, found.missing) if text is not None]
    return blocks


def _overview(inspections: Sequence[Inspection]) -> Table:
    tflite = any(found.ledger is not None for found in inspections)
    columns = (
        Column("model"),
        Column("form"),
        Column("file", "{:,} B", absent="-", about="download; flash with TFLM"),
        *(_FILE if tflite else ()),
        Column("MACs", "{:,}", absent="-"),
        Column("parameters", "{:,}"),
        Column("  that are zero", "{:.1%}"),
        Column("  by type"),
        Column("inputs"),
        Column("outputs"),
        Column("operators"),
    )
    rows = tuple(_properties(found, tflite) for found in inspections)
    return Table(columns, rows, "bytes and counts are exact (counted)", layout=Layout.SIDE_BY_SIDE)


def _properties(found: Inspection, tflite: bool) -> Row:
    parts: Row = (None,) * len(_FILE)
    if found.ledger is not None:
        parts = (*found.ledger.parts, found.ledger.gzip, found.arena_bytes, found.arena_lower_bound)
    return (
        found.path.rsplit("/", 1)[-1],
        found.form,
        found.nbytes,
        *(parts if tflite else ()),
        found.macs,
        found.parameters,
        found.zeros / max(found.parameters, 1),
        tuple(f"{count:,} {dtype}" for dtype, count in found.dtypes.items()),
        found.inputs,
        found.outputs,
        tuple(f"{count} {op}" for op, count in found.operators.items()),
    )


def _sensitivity(path: str, found: Sensitivity) -> list[Block]:
    """One line per layer, one column per means at its middle step; all steps are in the JSON."""
    steps = {means: found.middle(means) for means in found.steps}
    heads = {"bits": "{:.0f} bits", "zeros": "{:.0%} zeros", "channels": "{:.0%} of channels gone"}
    columns = (
        Column("layer"),
        Column("type", priority=2),
        Column("weights", "{:,}", priority=1),
        *(
            Column(heads.get(means, f"{{:.0%}} of {means} gone").format(step), "{:.3g}%", absent="-")
            for means, step in steps.items()
        ),
        Column("", absent=""),
    )
    lines: dict[str, dict[str, Cell]] = {}
    for curve in found.layers:
        line = lines.setdefault(curve.layer, {"kind": curve.kind, "weights": curve.weights})
        line[curve.means] = curve.middle
    rows = tuple(
        (
            name,
            line["kind"],
            line["weights"],
            *(line.get(means) for means in steps),
            "dear: spare it" if name in found.dear else None,
        )
        for name, line in lines.items()
    )
    title = (
        f"{path}: how far the outputs move when one layer alone has this, without training, in per cent of "
        f"their variance ({found.samples:,} samples, measured)"
    )
    return [Table(columns, rows, title)]


def _layers(found: Inspection) -> Table:
    columns = (
        Column("#", "{:d}"),
        Column("operator"),
        Column("layer", priority=1),
        Column("output", priority=4),
        Column("MACs", "{:,}"),
        Column("parameters", "{:,}", priority=2),
        Column("zeros", "{:.1%}", priority=3),
        Column("weights", priority=5),
    )
    return Table(columns, tuple(map(_layer, found.layers)), found.path)


def _layer(layer: LayerFacts) -> Row:
    values = layer.weights
    return (
        layer.index,
        layer.op,
        layer.name,
        layer.output,
        layer.macs or None,
        layer.parameters or None,
        values.part if values else None,
        f"{values.lowest:.3g} to {values.highest:.3g}, {layer.quantization or layer.dtype}"
        if values
        else None,
    )
