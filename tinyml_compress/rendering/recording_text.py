"""What was heard in a long recording, for the terminal."""

from __future__ import annotations

from tinyml_compress.results import Listening
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Column, Numbers, Table, facts

_COLUMNS = (
    Column("class"),
    Column("threshold", "{:.3f}", about="mean score"),
    Column("scores", "{:,}", priority=3, about="that are averaged"),
    Column("false accepts", "{:,}"),
    Column("per hour", "{:.2f}"),
    Column("95% interval", right=True, priority=2),
    Column("missed", right=True),
    Column("share", right=True, priority=4),
    Column("heard after, s", "{:.2f}", priority=5),
)


@shows(Listening)
def listening_blocks(done: Listening) -> list[Block]:
    rows = tuple(
        (
            one.name,
            one.chosen.score,
            one.smoothing,
            one.chosen.false_accepts,
            one.chosen.per_hour,
            Numbers(one.per_hour_interval, "{:.2f} to {:.2f}"),
            Numbers((one.chosen.missed, one.events), "{} of {}"),
            None
            if one.missed_interval is None or one.missed_share is None
            else Numbers((one.missed_share, *one.missed_interval), "{:.1%} ({:.1%} to {:.1%})"),
            one.delay,
        )
        for one in done.watched
    )
    if done.allowed_per_hour is None:
        note = "thresholds were given"
    else:
        note = (
            f"thresholds chosen on this recording, for at most {done.allowed_per_hour:g} false accepts of a "
            "class per hour: another recording judges them (--trigger)"
        )
    return [
        facts(
            [
                ("model", done.model),
                ("recording", f"{done.recording}, {done.seconds / 60:.1f} min at {done.sample_rate:,} Hz"),
                ("answers", f"{done.steps:,}, every {done.step_ms:g} ms"),
                ("false accepts", f"{done.false_accepts:,}: {done.per_hour:.2f} per hour"),
                ("missed", f"{done.missed:,} of {done.events:,} events"),
            ]
        ),
        Table(_COLUMNS, rows, "by class", (note,)),
    ]
