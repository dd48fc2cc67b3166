"""Converted, inspected, compiled and shrunk files on a page: bytes by cause, layers, weights, operators,
arena.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinyml_compress.rendering.page import specs
from tinyml_compress.rendering.page.html import (
    Card,
    Chart,
    Column,
    Value,
    Verdict,
    card_grid,
    chart,
    fold,
    table,
)
from tinyml_compress.rendering.page.models import short_names, zeros_per_layer
from tinyml_compress.rendering.page.shell import Source
from tinyml_compress.results import LayerWeights

__all__ = ["convert_parts", "inspect_parts"]

Row = Mapping[str, Any]
_CAUSES = ("weights", "quantization", "names", "metadata", "structure")
_LAYERS = (
    Column("index", "#", "d"),
    Column("op", "operator"),
    Column("name", "layer"),
    Column("output", "output"),
    Column("macs", "MACs", ",", ","),
    Column("parameters", "parameters", ",", ","),
    Column("zeros", "zeros", ".1%", ".1%"),
    Column("lowest", "lowest weight", ".3g", ".3g"),
    Column("highest", "highest", ".3g", ".3g"),
    Column("quantization", "quantization"),
)


def convert_parts(sources: Sequence[Source]) -> list[str]:
    """What was made of what: verdict, bytes by cause, layers."""
    parts = [card_grid([_converted(source) for source in sources])]
    looked = [
        (source.name, source.document["inspection"]) for source in sources if "inspection" in source.document
    ]
    return parts + _inspections(looked)


def inspect_parts(sources: Sequence[Source]) -> list[str]:
    """Files side by side, then the layers of each."""
    models = [one for source in sources for one in source.document["models"]]
    return _inspections(list(zip(short_names([one["path"] for one in models]), models, strict=True)))


def _converted(source: Source) -> Card:
    document = source.document
    numbers = {name: entry["value"] for name, entry in document["numbers"].items()}
    how = document["conversion"]
    floats = document.get("float_operators", ())
    lines = [
        ("from", f"{document['model']['spec']} ({document['model']['format']})"),
        ("file", f"{numbers['model_bytes']:,} B, exact"),
        ("operators", f"{numbers['operators']:,}: {', '.join(document['operators'])}"),
        ("inputs and outputs", str(how["io"])),
    ]
    if how.get("calibration"):
        lines.append(("calibrated on", f"{how['calibration']}, {how['samples']:,} samples"))
    if "tflm_arena_bytes" in numbers:
        lines.append(("arena for TFLM", f"{numbers['tflm_arena_reserve_bytes']:,} B to reserve"))
    if "tflm" in document:
        lines.append(("TFLM", str(document["tflm"])))
    if "aot" in document:
        lines.append(("arena of generated C", f"{document['aot']['arena_bytes']:,} B, exact"))
    if floats:
        return Card(
            document["name"], Verdict.BAD, f"{how['mode']}, but float: {', '.join(floats)}", tuple(lines)
        )
    integer = how["mode"] in ("int8", "int16x8")
    word = f"{how['mode']}: every operator integer" if integer else str(how["mode"])
    return Card(document["name"], Verdict.GOOD if integer else Verdict.PLAIN, word, tuple(lines))


def _inspections(models: Sequence[tuple[str, Row]]) -> list[str]:
    rows: list[dict[str, Value]] = [
        {"file": name, "cause": cause, "bytes": model["ledger"][cause]}
        for name, model in models
        if "ledger" in model  # a Keras model has none
        for cause in _CAUSES
    ]
    columns = (Column("file", "file"), Column("cause", "cause"), Column("bytes", "bytes, exact", ",", ","))
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
            "bytes": model.get("ledger", {}).get("file", model.get("nbytes")),
            "gzip": model.get("ledger", {}).get("gzip"),
            "macs": model.get("macs"),
            "parameters": model["parameters"],
            "zeros": model["zeros"] / max(1, model["parameters"]),
            "arena": model.get("arena_bytes"),
            "bound": model.get("arena_lower_bound"),
            "missing": model.get("missing"),
        }
        for name, model in models
    ]
    about = (
        Column("file", "file"),
        Column("bytes", "bytes", ",", ","),
        Column("gzip", "gzip", ",", ","),
        Column("macs", "MACs", ",", ","),
        Column("parameters", "parameters", ",", ","),
        Column("zeros", "that are zero", ".1%", ".1%"),
        Column("arena", "arena of generated C, B", ",", ","),
        Column("bound", "lower bound", ",", ","),
        Column("missing", "not known"),
    )
    parts = [*([chart(ledger)] if rows else []), table(about, facts, caption="Files")]
    parts += [
        chart(_sensitivity(name, model["sensitivity"])) for name, model in models if "sensitivity" in model
    ]
    return parts + [_layers(name, model, is_open=len(models) == 1) for name, model in models]


def _sensitivity(name: str, found: Row) -> Chart | None:
    """Each layer's loss for every means, at the middle of the steps that were tried."""
    rows: list[dict[str, Value]] = []
    for curve in found["layers"]:
        steps = found["steps"][curve["means"]]
        step = steps[len(steps) // 2]
        tried = f"{step:.0f} bits" if curve["means"] == "bits" else f"{step:.0%} of {curve['means']}"
        dear = "yes" if curve["layer"] in found["dear"] else "no"
        moved = curve["moved"][len(steps) // 2]
        rows.append(
            {
                "layer": curve["layer"],
                "means": tried,
                "moved": moved,
                "weights": curve["weights"],
                "dear": dear,
            }
        )
    columns = (
        Column("layer", "layer"),
        Column("means", "what it alone had"),
        Column("moved", "outputs moved, % of their variance", ".3g", ".3g"),
        Column("weights", "weights", ",", ","),
        Column("dear", "dear"),
    )
    return specs.bars(
        f"What compressing each layer of {name} does",
        f"Measured on {found['samples']:,} samples, one layer at a time, without training.",
        rows,
        columns,
        name="layer",
        value="moved",
        axis="outputs moved, % of their variance",
        colour="means",
    )


def _layers(name: str, model: Row, *, is_open: bool) -> str:
    rows: list[dict[str, Value]] = []
    for layer in model["layers"]:
        values = layer.get("weights") or {}
        extra: dict[str, Value] = {}
        if values:
            part = values["zeros"] / max(1, values["count"])
            extra = {"zeros": part, "lowest": values["lowest"], "highest": values["highest"]}
        known = {key: value for key, value in layer.items() if isinstance(value, (str, int, float))}
        rows.append({**known, **extra, "label": f"{layer['index']} {layer['op']}"})
    weighted = [layer for layer in model["layers"] if (layer.get("weights") or {}).get("histogram")]
    named = [_weights(layer) for layer in weighted]
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
        f"{len(rows)} {'operators' if 'ledger' in model else 'layers'}",
        inside,
        is_open=is_open,
    )


def _weights(layer: Row) -> LayerWeights:
    values = layer["weights"]
    low, high = values["edges"]
    return LayerWeights(
        name=f"{layer['index']} {layer['name'] or layer['op']}",
        count=values["count"],
        zeros=values["zeros"],
        edges=(low, high),
        histogram=tuple(values["histogram"]),
    )
