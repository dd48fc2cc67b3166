"""What `stream` made of a net on windows, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tinyml_compress.results import StreamedNet
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Column, Noted, Table

_DEAR = 0.5
"""A step that costs more of a window than this is hardly worth it."""


@shows(StreamedNet)
def streamed_blocks(done: StreamedNet) -> list[Block]:
    head = (
        Column("form"),
        Column("MACs", "{:,}"),
        Column("arena, B", "{:,}"),
        Column("kept, B", "{:,}"),
        Column("file, B", "{:,}"),
    )
    forms = ((f"window of {done.window_frames}", done.window), (f"step of {done.frames}", done.step))
    rows = tuple((name, cost.macs, cost.arena, cost.state, cost.file) for name, cost in forms)
    columns = (
        Column("layer"),
        Column("operator"),
        Column("told by", prose=True),
        Column("MACs, window", "{:,}"),
        Column("step", "{:,}"),
    )
    layers = tuple(
        (
            one.layer,
            one.op,
            one.way if one.why is None else Noted(one.way, one.why),
            one.window_macs,
            one.step_macs,
        )
        for one in done.layers
        if one.window_macs or one.why
    )
    return [Table(head, rows, "one inference"), Table(columns, layers, "layers", tuple(_notes(done)))]


def _notes(done: StreamedNet) -> Iterator[str]:
    yield f"a step takes {done.part:.0%} of a window's multiply-accumulates"
    if not done.is_exact:
        yield "another net: borders inside the window are what came before; `evaluate` says what it costs"
    elif done.compared:
        yield f"outputs equal to those of the window under TensorFlow Lite Micro at {done.compared} steps"
    else:
        yield "outputs not compared: no steps were asked for, or tflite-micro is not installed here"
    if done.is_exact and done.part > _DEAR:
        yield "that is over half of a window: --approximate leaves the borders out, with other outputs"
