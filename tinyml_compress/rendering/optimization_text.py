"""What each step of `optimize` saved and cost."""

from __future__ import annotations

from collections.abc import Iterator

from tinyml_compress.results import Optimization, OptimizedStep
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Column, Numbers, Row, Table, facts

_COLUMNS = (
    Column("step"),
    Column("dense file", "{:,}"),
    Column("stored", "{:,}"),
    Column("of original", "{:.1%}", priority=2),
    Column("zeros", "{:.1%}", priority=3),
    Column("score", right=True, absent="-"),
    Column("lost", right=True, priority=1, absent="-"),
    Column("same", "{:.1%}", absent="-"),
    Column("1 text, ms", "{:.2f}", priority=4, absent="-"),
    Column("8 texts, ms", "{:.2f}", priority=5, absent="-"),
)


@shows(Optimization)
def optimization_blocks(done: Optimization) -> list[Block]:
    """A line per step, then what each knob did."""
    original = done.steps[0]
    rows = tuple(_row(step, original) for step in done.steps)
    title = f"{done.model}: {done.architecture}, {done.parameters:,} parameters, {done.length} tokens"
    table = Table(_COLUMNS, rows, title, tuple(_notes(done)))
    wrote = f"{', '.join(done.files)} in {done.folder}"
    return [table, facts([("saved", f"{done.saved:.1%} of model.safetensors"), ("wrote", wrote)])]


def _row(step: OptimizedStep, original: OptimizedStep) -> Row:
    return (
        step.name,
        step.dense_bytes,
        step.stored_bytes,
        step.stored_bytes / original.dense_bytes,
        step.zero_part,
        None if step.score is None else step.score.numbers,
        None
        if step.lost is None or step.lost_interval is None
        else Numbers(
            (100 * step.lost, *(100 * end for end in step.lost_interval)), "{:.2f} ({:.2f} to {:.2f})"
        ),
        None if step.agreement is None else step.agreement.value,
        _milliseconds(step, "1"),
        _milliseconds(step, "8"),
    )


def _milliseconds(step: OptimizedStep, batch: str) -> float | None:
    seconds = step.seconds.get(batch)
    return None if seconds is None else 1e3 * seconds


def _notes(done: Optimization) -> Iterator[str]:
    for before, step in zip(done.steps, done.steps[1:], strict=False):
        yield f"{step.name}: {_verdict(before, step)}"
    if done.calibration is not None:
        yield (
            f"int8 is static: inputs of linear layers are rounded on ranges from "
            f"{done.calibration_samples} texts of {done.calibration}"
        )
    if done.unseen_words is not None:
        yield (
            f"{done.unseen_words:,} words with a tag lie behind the last token and are not scored: "
            f"hf:FOLDER@TOKENS takes longer texts"
        )
    if done.data is None:
        yield "no score, agreement or time: give --data, a table of texts"
    else:
        yield (
            f"{done.data}, {done.samples} samples; lost: {_measure(done.steps[-1])} since the step before, "
            f"with 95% interval; times are measured, {done.threads} thread"
        )


def _verdict(before: OptimizedStep, step: OptimizedStep) -> str:
    """What the knob saved in the file, and what it cost."""
    dense, stored = before.dense_bytes - step.dense_bytes, before.stored_bytes - step.stored_bytes
    saved = f"saves {stored:,} B of the file"
    if dense <= 0 < stored:
        saved += "; in a dense file zeros save nothing"
    if step.lost is None:
        return saved
    return f"{saved}; costs {100 * step.lost:.2f} {_measure(step)}"


def _measure(step: OptimizedStep) -> str:
    """What `lost` counts."""
    if step.score is None or step.score.accuracy is not None:
        return "points of accuracy"
    return "hundredths of the cosine with the original"
