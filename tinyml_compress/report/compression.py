"""A run of a recipe as one self-contained page: the table, accuracy against size, zeros per layer, training curves."""

from __future__ import annotations

from html import escape
from typing import Any

from tinyml_compress.report.charts import Point, bars, lines, page, scatter, table

__all__ = ["compression_page"]


def compression_page(report: dict[str, Any]) -> str:
    """The page for a report.json."""
    stages = [report["baseline"], *report["stages"]]
    body = [
        f"<h1>{escape(report['title'])}</h1>",
        f'<p class="dim">{escape(report["model"])}, recipe {escape(report["recipe"])}, seed {report["seed"]}'
        f"{', data ' + escape(report['data']) if 'data' in report else ''}<br>"
        f"model sha256 {report['model_sha256']}</p>",
    ]
    if "breach" in report:
        body.append(f'<p class="bad">Stopped: {escape(report["breach"])}</p>')
    body += [_overview(stages), "<h2>Score against size</h2>", _against_size(stages)]
    for stage in report["stages"]:
        body += _stage(stage)
    return page(f"{report['title']}: compression", body)


def _overview(stages: list[dict[str, Any]]) -> str:
    rows = [["stage", "score", "95% interval", "drop", "parameters", "zeros", "MACs", "file", "gzip", "arena", "s"]]
    for stage in stages:
        sizes = stage.get("sizes", {})
        rows.append(
            [
                stage["name"],
                _shown(stage.get("score"), ".4f"),
                "-" if "interval" not in stage else " to ".join(f"{value:.4f}" for value in stage["interval"]),
                _shown(stage.get("drop"), "+.4f"),
                _shown(sizes.get("parameters"), ","),
                _shown(sizes.get("sparsity"), ".1%"),
                _shown(sizes.get("macs"), ","),
                _shown(stage.get("nbytes"), ","),
                _shown(stage.get("gzip_nbytes"), ","),
                _shown(stage.get("arena"), ","),
                _shown(stage.get("seconds"), ".1f"),
            ]
        )
    return table(rows)


def _shown(value: Any, form: str) -> str:
    return "-" if value is None else format(value, form)


def _against_size(stages: list[dict[str, Any]]) -> str:
    points = []
    for stage in stages:
        if "score" not in stage:
            continue
        low, high = stage.get("interval", (None, None))
        if "nbytes" in stage:
            size = float(stage["nbytes"])
        elif "sizes" in stage:
            sizes = stage["sizes"]
            size = 4.0 * (sizes["parameters"] - sizes["zeros"])
        else:
            continue
        points.append(Point(stage["name"], size, stage["score"], low, high))
    note = "bytes: the file of converted stages, four per non-zero parameter of the others"
    return f"<figure>{scatter(points, 'bytes', 'score')}<figcaption>{note}</figcaption></figure>" if points else ""


def _stage(stage: dict[str, Any]) -> list[str]:
    options = ", ".join(f"{key} = {value}" for key, value in stage.get("options", {}).items())
    parts = [f"<h2>{escape(stage['name'])}</h2>", f'<p class="dim">{escape(stage["use"])}: {escape(options)}</p>']
    parts += [f"<p>{escape(note)}</p>" for note in stage.get("notes", ())]
    pictures = []
    history = stage.get("history", {})
    for key in ("loss", "score"):
        picture = lines(history.get(key, ()), "epoch", key)
        if picture:
            pictures.append(f"<figure>{picture}<figcaption>{key} while training</figcaption></figure>")
    layers = [(name, part) for name, part, _ in stage.get("layers", ())]
    if any(part > 0 for _, part in layers):
        pictures.append(f"<figure>{bars(layers)}<figcaption>zeros per layer</figcaption></figure>")
    if pictures:
        parts.append(f'<div class="row">{"".join(pictures)}</div>')
    if "table" in stage:
        parts.append(table([list(row) for row in stage["table"]]))
    return parts
