"""A comparison as one self-contained page: the table, accuracy against size, zeros, weights, training."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from tinyml_compress.report.charts import Point, bars, columns, lines, page, scatter, table

__all__ = ["comparison_page"]


def comparison_page(found: dict[str, Any]) -> str:
    """The page for what `compare --json` prints."""
    models = found["models"]
    names = _short([row["model"] for row in models])
    body = [
        f"<h1>{len(models)} models side by side</h1>",
        f'<p class="dim">{escape(found["data"])}, {found["samples"]} samples; agreement is with {escape(names[0])}'
        f"{'; times measured by ' + escape(found['runtime']) + ', taking turns' if 'runtime' in found else ''}</p>",
        table([_HEAD, *(_row(name, row) for name, row in zip(names, models, strict=True))]),
    ]
    for key, title in (("nbytes", "file, bytes"), ("gzip_nbytes", "gzip, bytes")):
        points = [
            Point(name, float(row[key]), row["score"], *row.get("interval", (None, None)))
            for name, row in zip(names, models, strict=True)
            if key in row and "score" in row
        ]
        if points:
            better = models[0]["metric"] == "accuracy"
            body.append(f"<h2>{escape(models[0]['metric'])} against {title.split(',')[0]} size</h2>")
            body.append(f"<figure>{scatter(points, title, models[0]['metric'], front=better)}</figure>")
    for name, row in zip(names, models, strict=True):
        body += _model(name, row)
    return page("Comparison of models", body)


_HEAD = [
    "model",
    "file",
    "gzip",
    "parameters",
    "non-zero",
    "MACs",
    "score",
    "95% interval",
    "same",
    "median ms",
    "spread",
]


def _row(name: str, row: dict[str, Any]) -> list[str]:
    spread = row.get("latency_spread_s")
    return [
        name,
        _shown(row.get("nbytes"), ","),
        _shown(row.get("gzip_nbytes"), ","),
        _shown(row.get("parameters"), ","),
        "-" if not row.get("weights") else f"{row['nonzero'] / row['weights']:.1%}",
        _shown(row.get("macs"), ","),
        _shown(row.get("score"), ".4f"),
        "-" if "interval" not in row else " to ".join(f"{value:.4f}" for value in row["interval"]),
        _shown(row.get("same"), ".1%"),
        "-" if "latency_s" not in row else f"{row['latency_s'] * 1e3:.3f}",
        "-" if spread is None else f"{spread[0] * 1e3:.3f} to {spread[1] * 1e3:.3f}",
    ]


def _shown(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)


def _model(name: str, row: dict[str, Any]) -> list[str]:
    parts = [f"<h2>{escape(name)}</h2>", f'<p class="dim">{escape(row["model"])}, sha256 {row["sha256"]}</p>']
    parts += [f"<p>{escape(note)}</p>" for note in row.get("notes", ())]
    layers = row.get("layers", ())
    pictures = []
    if layers:
        zeros = bars([(layer["name"], layer["zeros"] / max(1, layer["count"])) for layer in layers])
        pictures.append(f"<figure>{zeros}<figcaption>zeros per layer</figcaption></figure>")
    for layer in layers:
        picture = columns(layer["histogram"], layer["edges"])
        pictures.append(
            f"<figure>{picture}<figcaption>{escape(layer['name'])}, weights that are not zero</figcaption></figure>"
        )
    for key, values in row.get("training", {}).items():
        pictures.append(f"<figure>{lines(values, 'epoch', key)}<figcaption>{key} while training</figcaption></figure>")
    return [*parts, f'<div class="row">{"".join(pictures)}</div>']


def _short(names: Sequence[str]) -> list[str]:
    """Paths without what they share at their start."""
    parts = [name.split("/") for name in names]
    while len(parts) > 1 and all(len(part) > 1 for part in parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    return ["/".join(part) for part in parts]
