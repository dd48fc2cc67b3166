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
def inspection_blocks(inspection: Inspection) -> list[Block]:
    """One model with its layers."""
    return models_blocks([inspection], layers=True)


@shows(Inspections)
def inspections_blocks(inspections: Inspections) -> list[Block]:
    """Models side by side, with the layers of each."""
    return models_blocks(inspections.models, layers=True)


def models_blocks(inspections: Sequence[Inspection], *, layers: bool) -> list[Block]:
    """One table with the files side by side, then one table of layers per file."""
    blocks: list[Block] = [_overview(inspections)]
    for inspection in inspections:
        if layers:
            blocks += ["", _layers(inspection)]
        if layers and inspection.kernels:
            title = f"{inspection.path}: kernels in plain C, balanced (compile --explain shows others)"
            blocks += ["", kernel_table(inspection.kernels, title)]
        if inspection.sensitivity is not None:
            blocks += ["", *_sensitivity(inspection.path, inspection.sensitivity)]
        blocks += [
            f"{inspection.path}: {text}"
            for text in (inspection.about, inspection.missing)
            if text is not None
        ]
    return blocks


def _overview(inspections: Sequence[Inspection]) -> Table:
    tflite = any(inspection.ledger is not None for inspection in inspections)
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
    rows = tuple(_properties(inspection, tflite) for inspection in inspections)
    return Table(columns, rows, "bytes and counts are exact (counted)", layout=Layout.SIDE_BY_SIDE)


def _properties(inspection: Inspection, tflite: bool) -> Row:
    parts: Row = (None,) * len(_FILE)
    if inspection.ledger is not None:
        parts = (
            *inspection.ledger.parts,
            inspection.ledger.gzip,
            inspection.arena_bytes,
            inspection.arena_lower_bound,
        )
    return (
        inspection.path.rsplit("/", 1)[-1],
        inspection.form,
        inspection.nbytes,
        *(parts if tflite else ()),
        inspection.macs,
        inspection.parameters,
        inspection.zeros / max(inspection.parameters, 1),
        tuple(f"{count:,} {dtype}" for dtype, count in inspection.dtypes.items()),
        inspection.inputs,
        inspection.outputs,
        tuple(f"{count} {op}" for op, count in inspection.operators.items()),
    )


def _sensitivity(path: str, sensitivity: Sensitivity) -> list[Block]:
    """One line per layer, one column per means at its middle step; all steps are in the JSON."""
    steps = {means: sensitivity.middle(means) for means in sensitivity.steps}
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
    for curve in sensitivity.layers:
        line = lines.setdefault(curve.layer, {"kind": curve.kind, "weights": curve.weights})
        line[curve.means] = curve.middle
    rows = tuple(
        (
            name,
            line["kind"],
            line["weights"],
            *(line.get(means) for means in steps),
            "dear: spare it" if name in sensitivity.dear else None,
        )
        for name, line in lines.items()
    )
    title = (
        f"{path}: how far the outputs move when one layer alone has this, without training, in per cent of "
        f"their variance ({sensitivity.samples:,} samples, measured)"
    )
    return [Table(columns, rows, title)]


def _layers(inspection: Inspection) -> Table:
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
    return Table(columns, tuple(map(_layer, inspection.layers)), inspection.path)


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
