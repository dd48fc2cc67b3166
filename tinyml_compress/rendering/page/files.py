"""Converted, inspected, compiled and shrunk files on a page: bytes by cause, layers, weights, operators,
arena.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.rendering.page import specs
from tinyml_compress.rendering.page.html import (
    Card,
    Chart,
    Mark,
    Property,
    Value,
    card_grid,
    chart,
    fold,
    table,
)
from tinyml_compress.rendering.page.models import short_names, zeros_per_layer
from tinyml_compress.rendering.page.shell import PageSource
from tinyml_compress.results import Conversion, Inspection, Inspections, LayerWeights, Sensitivity, decoded
from tinyml_compress.results.ledger import PARTS

_LAYERS = (
    Property("index", "#", "d"),
    Property("op", "operator"),
    Property("name", "layer"),
    Property("output", "output"),
    Property("macs", "MACs", ",", ","),
    Property("parameters", "parameters", ",", ","),
    Property("zeros", "zeros", ".1%", ".1%"),
    Property("lowest", "lowest weight", ".3g", ".3g"),
    Property("highest", "highest", ".3g", ".3g"),
    Property("quantization", "quantization"),
)


def convert_parts(sources: Sequence[PageSource]) -> list[str]:
    """What was made of what: verdict, bytes by cause, layers."""
    conversions = [(source.name, decoded(Conversion, source.document)) for source in sources]
    looked = [(name, one.inspection) for name, one in conversions if one.inspection is not None]
    return [card_grid([_converted(one) for _, one in conversions]), *_inspections(looked)]


def inspect_parts(sources: Sequence[PageSource]) -> list[str]:
    """Files side by side, then the layers of each."""
    models = [one for source in sources for one in decoded(Inspections, source.document).models]
    return _inspections(list(zip(short_names([one.path for one in models]), models, strict=True)))


def _converted(done: Conversion) -> Card:
    how, floats, reserve = done.conversion, done.float_operators, done.number("tflm_arena_reserve_bytes")
    lines = [
        ("from", f"{done.model.spec} ({done.model.format})"),
        ("file", f"{done.number('model_bytes'):,} B, exact"),
        ("operators", f"{done.number('operators'):,}: {', '.join(done.operators)}"),
        ("inputs and outputs", how.io),
    ]
    if how.calibration:
        lines.append(("calibrated on", f"{how.calibration}, {how.samples:,} samples"))
    if reserve is not None:
        lines.append(("arena for TFLM", f"{reserve:,} B to reserve"))
    if done.tflm is not None:
        lines.append(("TFLM", done.tflm))
    if done.aot is not None:
        lines.append(("arena of generated C", f"{done.aot.arena_bytes:,} B, exact"))
    if floats:
        return Card(done.name, Mark.BAD, f"{how.mode}, but float: {', '.join(floats)}", tuple(lines))
    integer = how.mode in ("int8", "int16x8")
    told = f"{how.mode}: every operator integer" if integer else how.mode
    return Card(done.name, Mark.GOOD if integer else Mark.PLAIN, told, tuple(lines))


def _inspections(models: Sequence[tuple[str, Inspection]]) -> list[str]:
    rows: list[dict[str, Value]] = [
        {"file": name, "cause": cause, "bytes": nbytes}
        for name, model in models
        if model.ledger is not None  # a Keras model has none
        for cause, nbytes in zip(PARTS, model.ledger.parts, strict=True)
    ]
    columns = (
        Property("file", "file"),
        Property("cause", "cause"),
        Property("bytes", "bytes, exact", ",", ","),
    )
    ledger = specs.stacked(
        "Bytes of the file by cause",
        "Exact; the parts sum to the file.",
        rows,
        columns,
        name="file",
        value="bytes",
        part="cause",
        axis="bytes",
    )
    facts: list[dict[str, Value]] = [
        {
            "file": name,
            "bytes": model.nbytes if model.ledger is None else model.ledger.file,
            "gzip": None if model.ledger is None else model.ledger.gzip,
            "macs": model.macs,
            "parameters": model.parameters,
            "zeros": model.zeros / max(1, model.parameters),
            "arena": model.arena_bytes,
            "bound": model.arena_lower_bound,
            "missing": model.missing,
        }
        for name, model in models
    ]
    about = (
        Property("file", "file"),
        Property("bytes", "bytes", ",", ","),
        Property("gzip", "gzip", ",", ","),
        Property("macs", "MACs", ",", ","),
        Property("parameters", "parameters", ",", ","),
        Property("zeros", "that are zero", ".1%", ".1%"),
        Property("arena", "arena of generated C, B", ",", ","),
        Property("bound", "lower bound", ",", ","),
        Property("missing", "not known"),
    )
    parts = [*([chart(ledger)] if rows else []), table(about, facts, caption="Files")]
    for name, model in models:
        if model.sensitivity is not None:
            parts.append(chart(_sensitivity(name, model.sensitivity)))
    return parts + [_layers(name, model, is_open=len(models) == 1) for name, model in models]


def _sensitivity(name: str, sensitivity: Sensitivity) -> Chart | None:
    """Each layer's loss for every means, at the middle of the steps that were tried."""
    rows: list[dict[str, Value]] = []
    for curve in sensitivity.layers:
        step = sensitivity.middle(curve.means)
        rows.append(
            {
                "layer": curve.layer,
                "means": f"{step:.0f} bits" if curve.means == "bits" else f"{step:.0%} of {curve.means}",
                "moved": curve.middle,
                "weights": curve.weights,
                "dear": "yes" if curve.layer in sensitivity.dear else "no",
            }
        )
    columns = (
        Property("layer", "layer"),
        Property("means", "what it alone had"),
        Property("moved", "outputs moved, % of their variance", ".3g", ".3g"),
        Property("weights", "weights", ",", ","),
        Property("dear", "dear"),
    )
    return specs.bars(
        f"What compressing each layer of {name} does",
        f"Measured on {sensitivity.samples:,} samples, one layer at a time, without training.",
        rows,
        columns,
        name="layer",
        value="moved",
        axis="outputs moved, % of their variance",
        colour="means",
    )


def _layers(name: str, model: Inspection, *, is_open: bool) -> str:
    rows: list[dict[str, Value]] = []
    for layer in model.layers:
        row: dict[str, Value] = {"label": f"{layer.index} {layer.op}"}
        row |= {column.field: getattr(layer, column.field, None) for column in _LAYERS}
        if layer.weights is not None:
            values = layer.weights
            row |= {"zeros": values.part, "lowest": values.lowest, "highest": values.highest}
        rows.append(row)
    named = [
        LayerWeights(
            name=f"{layer.index} {layer.name or layer.op}",
            count=layer.weights.count,
            zeros=layer.weights.zeros,
            edges=layer.weights.edges,
            histogram=layer.weights.histogram,
        )
        for layer in model.layers
        if layer.weights is not None and layer.weights.histogram
    ]
    zeros = [(one.name, one.part, one.count) for one in named]
    charts: list[Chart | None] = [
        specs.nodes(
            "Work per layer",
            "Multiply-accumulates of one inference, exact.",
            [row for row in rows if row.get("macs")],
            _LAYERS,
            name="label",
            value="macs",
            axis="MACs",
            colour="op",
        ),
        zeros_per_layer(name, zeros),
        specs.histograms("Weights per layer", "As real values, without the zeros.", named),
    ]
    inside = [*(chart(one) for one in charts), table(_LAYERS, rows, caption=f"Layers of {name}")]
    return fold(
        f"Layers of {name}",
        f"{len(rows)} {'layers' if model.ledger is None else 'operators'}",
        inside,
        is_open=is_open,
    )
