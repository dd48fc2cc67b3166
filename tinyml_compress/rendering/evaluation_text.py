"""Evaluations for the terminal."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tinyml_compress.results import Agreement, Evaluation, Evaluations, Score, Task
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Cell, Column, Numbers, Row, Table, facts

_MEASURES = {Task.CLASSIFICATION: "accuracy", Task.RECONSTRUCTION: "error", Task.EMBEDDING: "similarity"}


@shows(Evaluation)
def evaluation_blocks(done: Evaluation) -> list[Block]:
    """The result in a few lines."""
    where = done.engine.value if done.device is None else f"{done.engine.value} on {done.device}"
    rows: list[tuple[str, Cell]] = [("model", f"{done.model} ({where})"), ("data", done.data)]
    if done.nbytes is not None:
        rows.insert(1, ("size", Numbers((done.nbytes,), "{:,} B")))
    measure = _MEASURES[done.task]
    if done.score is not None:
        rows.append((measure, done.score.numbers))
    if done.unseen_words is not None:
        rows.append(("not seen", _unseen(done.unseen_words)))
    if done.against is not None:
        rows.append(("against", done.against))
        if done.against_score is not None:
            rows.append((f"  its {measure}", done.against_score.numbers))
        if done.difference_inside_interval is not None:
            inside = "inside the interval: this set cannot tell the two apart"
            told = inside if done.difference_inside_interval else "outside the interval"
            rows.append(("  difference", told))
        rows.append(("agreement", str(done.agreement)))
    return [facts(rows)]


def _unseen(count: int) -> str:
    return f"{count:,} words with a tag, behind the last token: hf:FOLDER@TOKENS takes longer texts"


@shows(Evaluations)
def evaluations_blocks(done: Evaluations) -> list[Block]:
    """Several models on one set, side by side."""
    return [_table(done.evaluations)]


def _table(done: Sequence[Evaluation]) -> Table:
    """Several models on one set, side by side, without the folders that all of them share."""
    folders = [str(Path(one.model).parent) for one in done]
    shared = (
        os.path.commonpath(folders) if len({Path(folder).is_absolute() for folder in folders}) == 1 else ""
    )
    columns = [
        Column("model"),
        Column("engine", priority=4),
        Column("bytes", "{:,}"),
        Column("score", right=True),
        Column("95% interval", right=True, priority=2),
        Column("right", right=True, priority=3),
    ]
    against = done[0].against
    if against is not None:
        columns += [
            Column("same", right=True, priority=1),
            Column("largest difference", "{:.4g}", priority=5),
            Column("on average", "{:.4g}", priority=6),
        ]
    rows = tuple(_row(one, shared, against is not None) for one in done)
    notes = [f"models below {shared}"] if shared else []
    if done[0].unseen_words is not None:
        notes.append(f"not seen: {_unseen(done[0].unseen_words)}")
    if against is not None:
        notes.append(f"`same` is agreement with {against}; differences are those of the outputs")
    return Table(tuple(columns), rows, f"{len(done)} models on {done[0].data}", tuple(notes))


def _row(done: Evaluation, shared: str, compared: bool) -> Row:
    name = os.path.relpath(done.model, shared) if shared and os.sep in done.model else done.model
    return (
        name,
        done.engine.value,
        done.nbytes,
        *_score_cells(done.score),
        *(_agreement_cells(done.agreement) if compared else ()),
    )


def _score_cells(score: Score | None) -> Row:
    if score is None:
        return (None, None, None)
    if score.interval is None:
        return (score.numbers, None, None)
    if score.accuracy is None:
        return (Numbers((score.value,), "{:.4f}"), Numbers(score.interval, "{:.4f} to {:.4f}"), None)
    interval = Numbers(score.interval, "{:.1%} to {:.1%}")
    right = Numbers((score.correct or 0, score.total), "{} of {}")
    return (Numbers((score.value,), "{:.1%}"), interval, right)


def _agreement_cells(agreement: Agreement | None) -> Row:
    return (
        (None, None, None)
        if agreement is None
        else (agreement.numbers, agreement.max_difference, agreement.mean_difference)
    )
