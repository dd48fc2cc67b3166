"""Compressed and compared models on a page: score against size, intervals, zeros, weights, training,
confusions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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
    note,
    row_of_charts,
    section,
    table,
)
from tinyml_compress.rendering.page.shell import PageSource
from tinyml_compress.results import Compared, Comparison, Compression, Listing, Word, decoded

Row = Mapping[str, Any]
_SHOWN = (
    Property("name", "model"),
    Property("run", "run"),
    Property("bytes", "file, B", ",", ","),
    Property("gzip", "gzip, B", ",", ","),
    Property("parameters", "parameters", ",", ","),
    Property("zeros", "weights that are zero", ".1%", ".1%"),
    Property("macs", "MACs", ",", ","),
    Property("arena", "arena, B", ",", ","),
    Property("score", "score", ".4f", ".4f"),
    Property("low", "95% from", ".4f", ".4f"),
    Property("high", "to", ".4f", ".4f"),
    Property("drop", "drop", "+.4f", "+.4f"),
    Property("same", "agrees with the first", ".1%", ".1%"),
    Property("ms", "median ms, measured", ".3f", ".3f"),
    Property("seconds", "seconds it took", ".1f", ".1f"),
    Property("notes", "notes"),
)


def compare_parts(sources: Sequence[PageSource]) -> list[str]:
    """Comparisons: all models of all results together, then what is inside each model."""
    results = [(source, decoded(Comparison, source.document)) for source in sources]
    rows: list[dict[str, Value]] = []
    inside: list[tuple[str, Compared]] = []
    for source, result in results:
        names = short_names([model.model for model in result.models])
        for name, model in zip(names, result.models, strict=True):
            rows.append(_compared(name, model, source.name if len(sources) > 1 else None))
            inside.append((f"{source.name}: {name}" if len(sources) > 1 else name, model))
    metrics = {model.metric for _, model in inside}
    metric = metrics.pop() if len(metrics) == 1 else "score"
    better = metric != "mae"
    times = [row for row in rows if row.get("ms") is not None]
    about = [
        f"{result.data}, {result.samples:,} samples"
        + (f"; times: {result.runtime}, taking turns" if result.runtime is not None else "")
        for _, result in results
    ]
    return [
        *(note(text) for text in about),
        card_grid(_cards(rows, metric)),
        table(_SHOWN, rows, caption="All models"),
        *(
            chart(_against_size(rows, _SHOWN, metric=metric, x=x, axis=axis, better=better))
            for x, axis in (("bytes", "file, bytes"), ("gzip", "gzip of the file, bytes"))
        ),
        chart(intervals(rows, _SHOWN, metric=metric)),
        chart(
            specs.bars(
                "Time on this host",
                "Median of one inference in milliseconds, measured, the files taking turns.",
                times if len(times) > 1 else (),
                _SHOWN,
                name="name",
                value="ms",
                axis="ms",
                form="~g",
            )
        ),
        row_of_charts(confusion(name, model.confusion, model.classes) for name, model in inside),
        *(
            _inside(name, model, is_open=place == len(inside) - 1)
            for place, (name, model) in enumerate(inside)
        ),
    ]


def short_names(names: Sequence[str]) -> list[str]:
    """Paths without what they share at their start, and told apart by a number where they are the same."""
    parts = [name.split("/") for name in names]
    if len(parts) == 1:
        return [parts[0][-1]]
    while len(parts) > 1 and all(len(part) > 1 for part in parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    short = ["/".join(part) for part in parts]
    seen: dict[str, int] = {}
    named = []
    for name in short:
        seen[name] = seen.get(name, 0) + 1
        named.append(name if short.count(name) == 1 else f"{name} ({seen[name]})")
    return named


def _compared(name: str, model: Compared, run: str | None) -> dict[str, Value]:
    low, high = model.interval or (None, None)
    return {
        "name": name if run is None else f"{name}, {run}",
        "run": run,
        "bytes": model.nbytes,
        "gzip": model.gzip_nbytes,
        "parameters": model.parameters,
        "zeros": None if model.nonzero_part is None else 1 - model.nonzero_part,
        "macs": model.macs,
        "score": model.score,
        "low": low,
        "high": high,
        "same": model.same,
        "ms": None if model.latency_s is None else model.latency_s * 1e3,
        "notes": "; ".join(model.notes),
    }


def _cards(rows: Sequence[dict[str, Value]], metric: str) -> list[Card]:
    """The best of each kind, with its number; ties go to the first."""
    cards = []
    for field, word, form, sign in (
        ("bytes", "smallest file", ",", 1),
        ("gzip", "smallest download", ",", 1),
        ("score", f"best {metric}", ".4f", 1 if metric == "mae" else -1),
        ("ms", "fastest here", ".3f", 1),
    ):
        known = [row for row in rows if isinstance(row.get(field), (int, float))]
        if len(known) < 2:
            continue
        best = min(known, key=lambda row: sign * float(row[field] or 0))
        lines = (
            [(metric, format(best["score"], ".4f"))]
            if field != "score" and best.get("score") is not None
            else []
        )
        if best.get("low") is not None:
            lines.append(("95% interval", f"{best['low']:.4f} to {best['high']:.4f}"))
        unit = {"bytes": " B", "gzip": " B", "ms": " ms"}.get(field, "")
        cards.append(Card(str(best["name"]), Mark.PLAIN, f"{word}: {best[field]:{form}}{unit}", tuple(lines)))
    return cards


def on_front(rows: Sequence[Mapping[str, Value]], x: str, y: str, *, better: bool) -> list[dict[str, Value]]:
    """The rows, each with whether no other is at least as small and as good."""
    known = [row for row in rows if row.get(x) is not None and row.get(y) is not None]
    sign = 1 if better else -1

    def place(row: Mapping[str, Value]) -> tuple[float, float]:
        return float(row[x] or 0), sign * float(row[y] or 0)

    marked: list[dict[str, Value]] = []
    for row in known:
        size, worth = place(row)
        beaten = any(
            other_size <= size and other_worth >= worth and (other_size, other_worth) != (size, worth)
            for other_size, other_worth in map(place, known)
        )
        marked.append({**row, "front": 0 if beaten else 1})
    return marked


def _against_size(
    rows: Sequence[Mapping[str, Value]],
    columns: Sequence[Property],
    *,
    metric: str,
    x: str,
    axis: str,
    better: bool = True,
) -> Chart | None:
    """Score against size, the models that no other beats joined by a line."""
    marked = on_front(rows, x, "score", better=better)
    if len(marked) < 2:
        return None
    what = axis.split(",")[0]
    return specs.scatter(
        f"{metric.capitalize()} against {what}",
        "Each point a model, with its 95% interval; the dashed line joins those that no other beats in both.",
        marked,
        columns,
        name="name",
        x=x,
        y="score",
        axes=(axis, metric),
        front="front",
        interval=("low", "high"),
        colour="run" if any(row.get("run") for row in rows) else "",
    )


def intervals(
    rows: Sequence[Mapping[str, Value]], columns: Sequence[Property], *, metric: str
) -> Chart | None:
    """Scores with the range that the size of the set leaves open."""
    return specs.dots(
        f"{metric.capitalize()} with its interval",
        (
            "The line is the 95% interval: scores that lie within each other's "
            "intervals cannot be told apart by this set."
        ),
        [row for row in rows if row.get("low") is not None],
        columns,
        name="name",
        value="score",
        axis=metric,
        interval=("low", "high"),
    )


def confusion(
    name: str, counts: Sequence[Sequence[int]] | None, classes: Sequence[str] | None
) -> Chart | None:
    """The confusion matrix of one model, where its result holds one."""
    if not counts:
        return None
    named = classes is not None and len(classes) == len(counts)
    names = list(classes or ()) if named else [str(number) for number in range(len(counts))]
    wrong = sum(sum(row) - row[place] for place, row in enumerate(counts))
    about = (
        f"{wrong:,} of {sum(map(sum, counts)):,} samples wrong. Blue is right, "
        "red is wrong; the stronger, the more."
    )
    return specs.matrix(f"Confusions of {name}", about, counts, names)


def _inside(name: str, model: Compared, *, is_open: bool) -> str:
    zeros = [(layer.name, layer.part, layer.count) for layer in model.layers]
    parts = [
        chart(zeros_per_layer(name, zeros)),
        chart(
            specs.histograms(
                "Weights per layer", f"Weights of {name} that are not zero, as real values.", model.layers
            )
        ),
        row_of_charts(_training_curves([(name, model.training or {})])),
    ]
    inside = [part for part in parts if part]
    if not inside:
        return ""
    return fold(f"Inside {name}", f"sha256 {model.sha256[:12]}", inside, is_open=is_open)


def zeros_per_layer(name: str, layers: Sequence[tuple[str, float, int]]) -> Chart | None:
    """Which part of each layer's weights is zero."""
    rows: list[dict[str, Value]] = [
        {"layer": layer, "zeros": part, "weights": count} for layer, part, count in layers
    ]
    if not any(part for _, part, _ in layers):
        return None
    columns = (
        Property("layer", "layer"),
        Property("zeros", "weights that are zero", ".1%", ".1%"),
        Property("weights", "weights", ",", ","),
    )
    return specs.nodes(
        "Zeros per layer",
        f"Part of each layer's weights that is zero in {name}, exact.",
        rows,
        columns,
        name="layer",
        value="zeros",
        axis="zeros",
        form=".0%",
        whole=1.0,
    )


def _training_curves(stages: Iterable[tuple[str, Mapping[str, Sequence[float]]]]) -> list[Chart | None]:
    """One chart per quantity, one line per stage; epochs of later stages follow those of earlier ones."""
    rows: dict[str, list[dict[str, Value]]] = {}
    ends: dict[str, int] = {}
    for stage, curves in stages:
        for quantity, values in curves.items():
            start = ends.get(quantity, 0)
            kept = rows.setdefault(quantity, [])
            kept += [
                {"stage": stage, "epoch": start + epoch, "value": value}
                for epoch, value in enumerate(values, start=1)
                if isinstance(value, (int, float)) and value == value
            ]
            ends[quantity] = start + len(values)
    return [
        specs.curves(
            f"Training: {quantity}",
            "Per epoch, stage after stage.",
            points,
            (
                Property("stage", "stage"),
                Property("epoch", "epoch", "d", "d"),
                Property("value", quantity, ".5g", ".5~g"),
            ),
            x="epoch",
            y="value",
            axes=("epoch", quantity),
            colour="stage",
        )
        for quantity, points in rows.items()
    ]


def demo_parts(sources: Sequence[PageSource]) -> list[str]:
    """The training of the demonstration; what came after has sections of its own."""
    return [
        row_of_charts(_training_curves([(source.name, source.document.get("training", {}))]))
        for source in sources
    ]


def compress_parts(sources: Sequence[PageSource]) -> list[str]:
    """Runs of recipes: all stages of all runs together, then each run by itself."""
    runs = [(source.name, decoded(Compression, source.document)) for source in sources]
    many = len(runs) > 1
    rows = [row for name, run in runs for row in _stages(run, name if many else None)]
    metric = runs[0][1].baseline.metric
    return [
        card_grid([_run_card(name, run) for name, run in runs]),
        *(
            chart(_against_size(rows, _SHOWN, metric=metric, x=x, axis=axis, better=metric != "mae"))
            for x, axis in (("bytes", "file, bytes"), ("kept", "weights that are not zero, as float, bytes"))
        ),
        chart(intervals(rows, _SHOWN, metric=metric)),
        *(_one_run(name, run, alone=not many) for name, run in runs),
    ]


def _stages(done: Compression, run: str | None) -> list[dict[str, Value]]:
    rows: list[dict[str, Value]] = []
    for stage in (done.baseline, *done.stages):
        sizes = stage.sizes
        low, high = stage.interval or (None, None)
        is_float = sizes is not None and stage.nbytes is None
        rows.append(
            {
                "name": stage.name if run is None else f"{run}: {stage.name}",
                "run": run,
                "bytes": stage.nbytes,
                "gzip": stage.gzip_nbytes,
                "parameters": None if sizes is None else sizes.parameters,
                "zeros": None if sizes is None else sizes.sparsity,
                "macs": None if sizes is None else sizes.macs,
                "arena": stage.arena,
                "score": stage.score,
                "low": low,
                "high": high,
                "drop": stage.drop,
                "seconds": stage.seconds,
                "notes": "; ".join(stage.notes),
                "kept": 4 * (sizes.parameters - sizes.zeros) if sizes is not None and is_float else None,
            }
        )
    return rows


def _run_card(name: str, done: Compression) -> Card:
    first, last = done.baseline, done.stages[-1] if done.stages else done.baseline
    lines = [("recipe", f"{done.recipe}: {done.title}")]
    if first.score is not None and last.score is not None:
        lines.append((first.metric, f"{first.score:.4f} to {last.score:.4f}"))
    if last.interval is not None:
        lines.append(("95% interval", f"{last.interval[0]:.4f} to {last.interval[1]:.4f}"))
    for nbytes, label in ((last.nbytes, "file"), (last.gzip_nbytes, "gzip")):
        if nbytes is not None:
            lines.append((label, f"{nbytes:,} B"))
    if done.breach is not None:
        return Card(name, Mark.BAD, f"stopped: {done.breach}", tuple(lines))
    stages = f"{len(done.stages)} stage{'s' * (len(done.stages) != 1)}"
    if done.verdict is None:
        return Card(name, Mark.GOOD, f"{stages}, all guards held", tuple(lines))
    judgement = done.verdict
    mark = {Word.WITHIN: Mark.GOOD, Word.LOST: Mark.BAD}.get(judgement.word, Mark.UNKNOWN)
    return Card(name, mark, f"{stages}: {judgement.word.value}", (*lines, ("verdict", judgement.text)))


def _one_run(name: str, done: Compression, *, alone: bool) -> str:
    stages = (done.baseline, *done.stages)
    curves = row_of_charts(_training_curves((stage.name, stage.history or {}) for stage in stages))
    last = next((stage for stage in reversed(stages) if stage.layers), None)
    ends = [done.baseline, *[stage for stage in done.stages[-1:] if stage.confusion]]
    errors = row_of_charts(confusion(stage.name, stage.confusion, None) for stage in ends)
    parts = [table(_SHOWN, _stages(done, None), caption="Stages"), errors, curves]
    for stage in stages:
        about = f"After {stage.name}: weights that are not zero."
        inside = [
            *(note(text) for text in stage.notes),
            _listed(stage.changes, "What was done per layer"),
            note(stage.allocation_summary or ""),
            _listed(stage.shares, "Which layer got how many zeros"),
            chart(zeros_per_layer(stage.name, stage.layers)),
            chart(specs.histograms("Weights per layer", about, stage.weights)),
            "" if stage in ends else row_of_charts([confusion(stage.name, stage.confusion, None)]),
        ]
        if any(inside):
            short = f"{stage.use}, {stage.seconds:.1f} s"
            parts.append(fold(stage.name, short, inside, is_open=alone and stage is last))
    return section(name if not alone else "Stage by stage", parts, level=3)


def _listed(listing: Listing | None, caption: str) -> str:
    """What was done layer by layer, as the stage noted it."""
    if listing is None:
        return ""
    head, *rows = listing.words
    columns = [Property(str(place), word) for place, word in enumerate(head)]
    return table(
        columns, [{str(place): cell for place, cell in enumerate(row)} for row in rows], caption=caption
    )
