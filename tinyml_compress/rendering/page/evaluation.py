"""Scores, agreement, confusions and the parity ladder on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tinyml_compress.rendering.page import specs
from tinyml_compress.rendering.page.html import (
    Card,
    Chart,
    Mark,
    Property,
    Value,
    card_grid,
    chart,
    note,
    row_of_charts,
    section,
    table,
)
from tinyml_compress.rendering.page.models import confusion, intervals, short_names
from tinyml_compress.rendering.page.shell import PageSource
from tinyml_compress.rendering.parity_text import ENGINE_NAMES
from tinyml_compress.results import Evaluation, Evaluations, Ladder, LayerNoise, Score, Step, decoded

_SCORES = (
    Property("name", "model"),
    Property("engine", "engine"),
    Property("data", "data"),
    Property("bytes", "file, B", ",", ","),
    Property("score", "score", ".4f", ".4f"),
    Property("low", "95% from", ".4f", ".4f"),
    Property("high", "to", ".4f", ".4f"),
    Property("samples", "samples", ",", ","),
    Property("auc", "AUC", ".4f", ".4f"),
    Property("agreement", "agreement", ".1%", ".1%"),
    Property("apart", "outputs differ on average by", ".4g", ".4g"),
)


def evaluate_parts(sources: Sequence[PageSource]) -> list[str]:
    """All evaluated models in one table, their intervals, and their confusions side by side."""
    evaluations = [one for source in sources for one in _evaluations(source)]
    others = list(dict.fromkeys(one.against for one in evaluations if one.against is not None))
    short = short_names([*(one.model for one in evaluations), *others])
    names, short_of = short[: len(evaluations)], dict(zip(others, short[len(evaluations) :], strict=True))
    rows: dict[str, dict[str, Value]] = {}
    matrices: dict[str, Chart | None] = {}
    for name, one in zip(names, evaluations, strict=True):
        scored = [(f"{name} ({one.engine.value})", one.score, False)]
        if one.against is not None:
            scored.insert(0, (short_of[one.against], one.against_score, True))
        for shown, score, is_other in scored:
            rows.setdefault(shown + one.data, {}).update(_row(shown, score, one, other=is_other))
            matrices[shown] = confusion(shown, None if score is None else score.confusion, one.classes)
    is_share = any(one.score is not None and one.score.accuracy is not None for one in evaluations)
    is_cosine = any(one.score is not None and one.score.cosine is not None for one in evaluations)
    metric = "accuracy" if is_share else "cosine" if is_cosine else "mean absolute error"
    return [
        card_grid([_card(name, one, short_of) for name, one in zip(names, evaluations, strict=True)]),
        table(_SCORES, list(rows.values()), caption="Scores"),
        chart(intervals(list(rows.values()), _SCORES, metric=metric)),
        row_of_charts(matrices.values()),
    ]


def _evaluations(source: PageSource) -> tuple[Evaluation, ...]:
    if "evaluations" in source.document:
        return decoded(Evaluations, source.document).evaluations
    return (decoded(Evaluation, source.document),)


def _row(name: str, score: Score | None, one: Evaluation, *, other: bool) -> dict[str, Value]:
    low, high = (None if score is None else score.interval) or (None, None)
    agreement = None if other else one.agreement
    return {
        "name": name,
        "engine": None if other else one.engine.value,
        "data": one.data,
        "bytes": None if other else one.nbytes,
        "score": None if score is None else score.value,
        "low": low,
        "high": high,
        "samples": None if score is None else score.total,
        "auc": None if score is None else score.auc,
        "agreement": None if agreement is None else agreement.value,
        "apart": None if agreement is None else agreement.mean_difference,
    }


def _card(name: str, one: Evaluation, short_of: Mapping[str, str]) -> Card:
    score, agreement = one.score, one.agreement
    lines = [("data", one.data), ("engine", one.engine.value)]
    if score is not None and score.interval is not None:
        low, high = score.interval
        form = "{:.4f}" if score.accuracy is None else "{:.1%}"
        lines.append(("95% interval", f"{form.format(low)} to {form.format(high)}"))
    if agreement is not None and agreement.same is not None:
        lines.append(("agreement", f"{agreement.same:,} of {agreement.total:,}"))
    if score is None:
        word = "compared, no labels"
    elif score.accuracy is not None:
        word = f"{score.accuracy:.1%}: {score.correct:,} of {score.total:,} right"
    elif score.cosine is not None:
        word = f"cosine {score.cosine:.4f} with the other's vectors"
    else:
        word = f"mean absolute error {score.value:.4g}"
        word += "" if score.auc is None else f", AUC {score.auc:.3f}"
    if one.difference_inside_interval is None or one.against is None:
        return Card(name, Mark.PLAIN, word, tuple(lines))
    other = short_of[one.against]
    if one.difference_inside_interval:
        about = f"This set cannot tell it from {other}."
        return Card(name, Mark.GOOD, word, tuple(lines), text=(about,))
    about = f"The score of {other} is outside the interval."
    return Card(name, Mark.UNKNOWN, word, tuple(lines), text=(about,))


def ladder_parts(sources: Sequence[PageSource]) -> list[str]:
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
        Card(ENGINE_NAMES[rung.engine], Mark.UNKNOWN, "absent", (("why", rung.absent),))
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
        Property("step", "from, to"),
        Property("mismatches", "outputs that differ", ",", ","),
        Property("elements", "of", ",", ","),
        Property("share", "part", ".2%", ".2%"),
        Property("largest", "by at most", "g", "~g"),
        Property("first", "first layer whose values differ"),
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
    verdict, word = (Mark.GOOD, "equal") if equal else (Mark.UNKNOWN, "differ")
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
        Property("label", "node"),
        Property("layer", "layer"),
        Property("db", "SQNR, dB", ".1f", ".1f"),
    )
    drawing = specs.nodes(
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
    return chart(drawing)
