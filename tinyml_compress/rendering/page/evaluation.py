"""Scores, agreement, confusions and the parity ladder on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tinyml_compress.rendering.page import specs
from tinyml_compress.rendering.page.html import (
    Card,
    Column,
    Value,
    Verdict,
    card_grid,
    chart,
    note,
    row_of_charts,
    section,
    table,
)
from tinyml_compress.rendering.page.models import confusion, intervals, short_names
from tinyml_compress.rendering.page.shell import Source
from tinyml_compress.rendering.parity_text import ENGINE_NAMES
from tinyml_compress.results import Ladder, LayerNoise, Step, decoded

__all__ = ["evaluate_parts", "ladder_parts"]

Row = Mapping[str, Any]
_SCORES = (
    Column("name", "model"),
    Column("engine", "engine"),
    Column("data", "data"),
    Column("bytes", "file, B", ",", ","),
    Column("score", "score", ".4f", ".4f"),
    Column("low", "95% from", ".4f", ".4f"),
    Column("high", "to", ".4f", ".4f"),
    Column("samples", "samples", ",", ","),
    Column("auc", "AUC", ".4f", ".4f"),
    Column("agreement", "agreement", ".1%", ".1%"),
    Column("apart", "outputs differ on average by", ".4g", ".4g"),
)


def evaluate_parts(sources: Sequence[Source]) -> list[str]:
    """All evaluated models in one table, their intervals, and their confusions side by side."""
    found = [one for source in sources for one in source.document.get("evaluations", [source.document])]
    others = list(dict.fromkeys(str(one["against"]) for one in found if one.get("against")))
    short = short_names([*(one["model"] for one in found), *others])
    names, short_of = short[: len(found)], dict(zip(others, short[len(found) :], strict=True))
    rows: list[dict[str, Value]] = []
    matrices = []
    for name, one in zip(names, found, strict=True):
        if one.get("against"):
            other = short_of[one["against"]]
            rows.append(_row(other, one.get("against_score", {}), one, other=True))
            matrices.append((other, (one.get("against_score", {}), one.get("classes"))))
        rows.append(_row(f"{name} ({one['engine']})", one.get("score", {}), one, other=False))
        matrices.append((f"{name} ({one['engine']})", (one.get("score", {}), one.get("classes"))))
    rows = list({str(row["name"]) + str(row["data"]): row for row in rows}.values())
    metric = "accuracy" if any("accuracy" in one.get("score", {}) for one in found) else "mean absolute error"
    shown = list(dict(matrices).items())
    return [
        card_grid([_card(name, one, short_of) for name, one in zip(names, found, strict=True)]),
        table(_SCORES, rows, caption="Scores"),
        chart(intervals(rows, _SCORES, metric=metric)),
        row_of_charts(confusion(name, score.get("confusion"), classes) for name, (score, classes) in shown),
    ]


def _row(name: str, score: Row, one: Row, *, other: bool) -> dict[str, Value]:
    low, high = score.get("interval_95", (None, None))
    agreement = {} if other else one.get("agreement", {})
    same = agreement.get("same")
    return {
        "name": name,
        "engine": None if other else one["engine"],
        "data": one["data"],
        "bytes": None if other else one.get("bytes"),
        "score": score.get("accuracy", score.get("mae")),
        "low": low,
        "high": high,
        "samples": score.get("total"),
        "auc": score.get("auc"),
        "agreement": None if same is None else same / agreement["total"],
        "apart": agreement.get("mean_difference"),
    }


def _card(name: str, one: Row, short_of: Mapping[str, str]) -> Card:
    score, agreement = one.get("score", {}), one.get("agreement", {})
    lines = [("data", str(one["data"])), ("engine", str(one["engine"]))]
    if "interval_95" in score:
        low, high = score["interval_95"]
        lines.append(("95% interval", f"{low:.1%} to {high:.1%}"))
    if agreement.get("same") is not None:
        lines.append(("agreement", f"{agreement['same']:,} of {agreement['total']:,}"))
    if "accuracy" in score:
        word = f"{score['accuracy']:.1%}: {score['correct']:,} of {score['total']:,} right"
    elif "mae" in score:
        word = f"mean absolute error {score['mae']:.4g}" + (
            f", AUC {score['auc']:.3f}" if "auc" in score else ""
        )
    else:
        word = "compared, no labels"
    verdict, about = Verdict.PLAIN, ""
    if "difference_inside_interval" in one:
        inside = one["difference_inside_interval"]
        verdict = Verdict.GOOD if inside else Verdict.UNKNOWN
        other = short_of[one["against"]]
        about = (
            f"This set cannot tell it from {other}."
            if inside
            else f"The score of {other} is outside the interval."
        )
    return Card(name, verdict, word, tuple(lines), text=(about,))


def ladder_parts(sources: Sequence[Source]) -> list[str]:
    """Where engines part, and how far each layer is from the float model."""
    parts = []
    for source in sources:
        done = decoded(Ladder, source.document)
        inside = _ladder(done)
        title = f"{source.name}: {done.model}"
        parts.append(section(title, inside, level=3) if len(sources) > 1 else "\n".join(filter(None, inside)))
    return parts


def _ladder(done: Ladder) -> list[str]:
    cards = [_step_card(step) for step in done.steps]
    cards += [
        Card(ENGINE_NAMES[rung.engine], Verdict.UNKNOWN, "absent", (("why", rung.absent),))
        for rung in done.rungs
        if rung.absent is not None
    ]
    steps: list[dict[str, Value]] = [
        {
            "step": _name(step),
            "share": step.mismatches / max(1, step.elements),
            "mismatches": step.mismatches,
            "elements": step.elements,
            "largest": step.largest,
            "first": _where(step),
        }
        for step in done.steps
    ]
    columns = (
        Column("step", "from, to"),
        Column("mismatches", "outputs that differ", ",", ","),
        Column("elements", "of", ",", ","),
        Column("share", "part", ".2%", ".2%"),
        Column("largest", "by at most", "g", "~g"),
        Column("first", "first layer whose values differ"),
    )
    ladder = specs.bars(
        "Parity ladder",
        "Part of the output values that differ between neighbouring engines, "
        f"exact; {done.samples} samples, inputs: {done.inputs}.",
        steps if any(step.mismatches for step in done.steps) else (),
        columns,
        name="step",
        value="share",
        axis="outputs that differ",
        form=".1%",
    )
    sqnr = done.output_sqnr_db
    return [
        card_grid(cards),
        chart(ladder) or table(columns, steps, caption="Steps"),
        note("" if sqnr is None else f"Outputs against the float model: {sqnr} dB."),
        _noise(done.layers or ()),
        note(done.layers_absent or ""),
    ]


def _name(step: Step) -> str:
    return f"{ENGINE_NAMES[step.below]} to {ENGINE_NAMES[step.above]}"


def _where(step: Step) -> str:
    return "" if step.first is None else f"{step.first.index} {step.first.op} {step.first.layer}"


def _step_card(step: Step) -> Card:
    equal = step.mismatches == 0
    lines = [
        ("differ", f"{step.mismatches:,} of {step.elements:,}"),
        ("at most", f"{step.largest:g}"),
    ]
    if step.first is not None:
        lines.append(("inside, not at the outputs" if equal else "first layer", _where(step)))
    verdict, word = (Verdict.GOOD, "equal") if equal else (Verdict.UNKNOWN, "differ")
    return Card(_name(step), verdict, word, tuple(lines))


def _noise(layers: Sequence[LayerNoise]) -> str:
    rows: list[dict[str, Value]] = [
        {
            "label": f"{layer.index} {layer.op}",
            "op": layer.op,
            "layer": layer.layer,
            "db": None if layer.decibels == math.inf else layer.decibels,
            "text": str(layer.sqnr_db),
        }
        for layer in layers
    ]
    columns = (
        Column("label", "node"),
        Column("layer", "layer"),
        Column("db", "SQNR, dB", ".1f", ".1f"),
    )
    made = specs.nodes(
        "Signal to quantization noise per layer",
        (
            "In dB against the float model on the same samples, exact; low is "
            "noisy. Layers without noise are left out."
        ),
        rows,
        columns,
        name="label",
        value="db",
        axis="SQNR, dB",
        form="~g",
        colour="op",
    )
    return chart(made)
