"""A run of a recipe for the terminal."""

from __future__ import annotations

from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.results import Compression, StageResult, Tried
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Column, Numbers, Row, Table

_STAGES = (
    Column("stage"),
    Column("score", right=True, absent="-"),
    Column("95% interval", right=True, priority=4, absent="-"),
    Column("drop", "{:+.2f}", absent="-"),
    Column("parameters", "{:,}", priority=3, absent="-"),
    Column("zeros", "{:.1%}", priority=1, absent="-"),
    Column("MACs", "{:,}", priority=5, absent="-"),
    Column("file", "{:,}", absent="-"),
    Column("gzip", "{:,}", priority=2, absent="-"),
    Column("time", "{:.1f} s", priority=6, absent="-"),
)
_TRIED = (
    Column("recipe"),
    Column("drop, points", "{:+.2f}", absent="-"),
    Column("weights, B", "{:,}", absent="-"),
    Column("time", "{:.0f} s", absent="-", priority=1),
    Column("left out", priority=2),
)


@shows(Compression)
def compression_blocks(done: Compression) -> list[Block]:
    """A line per stage, the zeros per layer of stages that were given a price, and how it ended."""
    notes = tuple(f"{stage.name}: {note}" for stage in done.stages for note in stage.notes)
    title = f"{done.model}, recipe {done.recipe}: {done.title}"
    blocks: list[Block] = [Table(_STAGES, tuple(map(_row, (done.baseline, *done.stages))), title, notes)]
    for stage in done.stages:
        if stage.shares is not None:
            blocks += ["", stage.shares.table(f"{stage.name}: {stage.allocation_summary}")]
    if done.tried:
        tried = Table(_TRIED, tuple(map(_tried, done.tried)), "tried, the cheapest first")
        blocks += ["", tried, f"chosen: {done.choice}"]
    blocks += [f"warning: {text}" for text in done.warnings]
    if done.breach is not None:
        blocks.append(f"STOPPED: {done.breach}")
    if done.verdict is not None:
        blocks.append(done.verdict.text)
    return [*blocks, f"wrote {done.folder} ({done.seconds:.0f} s)"]


def _row(stage: StageResult) -> Row:
    sizes = stage.sizes
    return (
        stage.name,
        None if stage.score is None else Numbers((stage.score,), ScoreKind(stage.metric).form),
        None if stage.interval is None else Numbers(stage.interval, "{:.1%} to {:.1%}"),
        None if stage.drop is None else stage.drop * 100,
        None if sizes is None else sizes.parameters,
        None if sizes is None else sizes.sparsity,
        None if sizes is None else sizes.macs,
        stage.nbytes,
        stage.gzip_nbytes,
        "cached" if stage.cached else stage.seconds,
    )


def _tried(one: Tried) -> Row:
    return (one.name, None if one.drop is None else 100 * one.drop, one.nbytes, one.seconds, one.left_out)
