"""What `inspect` found in a file, and its terminal form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tinyml_compress.results.base import plain
from tinyml_compress.results.ledger import PARTS, Ledger
from tinyml_compress.support.table import Block, Column, Layout, Row, Table

__all__ = ["Inspection", "LayerFacts", "Values", "inspection_blocks"]


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
    """One operator of a .tflite file, or one layer of a Keras model, as it stands there."""

    index: int
    op: str
    name: str
    inputs: tuple[str, ...]
    output: str
    quantization: str
    macs: int | None
    """None where the work of a Keras layer is not known."""
    parameters: int
    weights: Values | None
    dtype: str | None = None
    """Of its weights."""


@dataclass(frozen=True)
class Inspection:
    """Everything `inspect` knows about one model. Absent parts carry their reason in `missing`."""

    path: str
    sha256: str
    ledger: Ledger | None
    """Of a .tflite file."""
    operators: tuple[tuple[str, int], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[LayerFacts, ...]
    macs: int | None
    parameters: int
    zeros: int
    arena_bytes: int | None
    arena_lower_bound: int | None
    missing: str | None
    form: str = "TensorFlow Lite file"
    nbytes: int | None = None
    """Of the file or folder; None for what is in none."""
    dtypes: tuple[tuple[str, int], ...] = ()
    """Parameters by element type."""
    about: str | None = None
    """How a Keras model was read, where that is worth telling."""
    sensitivity: Mapping[str, Any] | None = None
    """What each layer's compression does to the outputs, in the form of `Sensitivity.as_json`."""

    def as_json(self) -> dict[str, object]:
        """The form of `--json`; what is not known is absent."""
        found = {key: plain(value) for key, value in asdict(self).items() if value is not None}
        layers = [
            {key: value for key, value in asdict(layer).items() if value is not None} for layer in self.layers
        ]
        return {**found, "operators": dict(self.operators), "dtypes": dict(self.dtypes), "layers": layers}


_FILE = (
    *(Column(f"  {part}", "{:,} B", absent="-", about=about) for part, about in PARTS.items()),
    Column("gzip", "{:,} B", absent="-", about="download"),
    Column("arena", "{:,} B", absent="-", about="RAM with generated C, in and out included"),
    Column("  lower bound", "{:,} B", absent="-"),
)
"""What only a .tflite file has."""


def inspection_blocks(inspections: Sequence[Inspection], *, layers: bool) -> list[Block]:
    """One table with the files side by side, then one table of layers per file."""
    blocks: list[Block] = [_overview(inspections)]
    for found in inspections:
        if layers:
            blocks += ["", _layers(found)]
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
        tuple(f"{count:,} {dtype}" for dtype, count in found.dtypes),
        found.inputs,
        found.outputs,
        tuple(f"{count} {op}" for op, count in found.operators),
    )


def _sensitivity(path: str, found: Mapping[str, Any]) -> list[Block]:
    """One line per layer, one column per means at its middle step; all steps are in the JSON."""
    steps = {means: values[len(values) // 2] for means, values in found["steps"].items()}
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
    lines: dict[str, dict[str, Any]] = {}
    for curve in found["layers"]:
        line = lines.setdefault(curve["layer"], {"kind": curve["kind"], "weights": curve["weights"]})
        line[curve["means"]] = curve["moved"][len(curve["moved"]) // 2]
    rows = tuple(
        (
            name,
            line["kind"],
            line["weights"],
            *(line.get(means) for means in steps),
            "dear: spare it" if name in found["dear"] else None,
        )
        for name, line in lines.items()
    )
    title = (
        f"{path}: how far the outputs move when one layer alone has this, without training, in per cent of "
        f"their variance ({found['samples']:,} samples, measured)"
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
        values.zeros / max(values.count, 1) if values else None,
        f"{values.lowest:.3g} to {values.highest:.3g}, {layer.quantization or layer.dtype}"
        if values
        else None,
    )
