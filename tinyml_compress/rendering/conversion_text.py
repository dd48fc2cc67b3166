"""Conversions for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tinyml_compress.rendering.small_texts import compiled_blocks
from tinyml_compress.results import Conversion, ForNpu, Mixed
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Cell, Column, Table, facts


@shows(Conversion)
def conversion_blocks(done: Conversion) -> list[Block]:
    """The file, its operators, what it takes under TensorFlow Lite Micro; layers that `mixed` chose among."""
    how, floats = done.conversion, done.float_operators
    less = how.stripped_bytes
    removed = "" if less is None else f", {less:,} B of names and unread scales removed"
    stayed = f"; float: {', '.join(floats)}" if floats else ""
    wrote = ", ".join(sorted((*done.files, "manifest.json")))
    rows: list[tuple[str, Cell]] = [
        ("operators", f"{done.number('operators')}: {', '.join(done.operators)}{stayed}"),
        ("arena", _arena(done)),
        *([] if done.mixed is None else [("mixed", _outcome(done.mixed))]),
        *([] if done.npu is None else _for_npu(done.npu)),
        *(("note", note) for note in done.notes or ()),
        ("wrote", f"{wrote} in {done.folder} ({done.seconds:.1f} s)"),
    ]
    form = f"{how.mode}, inputs and outputs {how.io}"
    title = f"{done.path}: {done.number('model_bytes'):,} B (exact), {form}{removed}"
    blocks: list[Block] = [done.origin, facts(rows, title=title, indent=2)]
    if done.mixed is not None and done.mixed.layers:
        blocks.append(_ranking(done.mixed))
    return blocks if done.aot is None else [*blocks, *compiled_blocks(done.aot)]


def _arena(done: Conversion) -> str:
    parts = [done.number(f"tflm_arena{end}_bytes") for end in ("_reserve", "", "_headroom")]
    if parts[0] is None:
        return f"not measured: {done.tflm}"
    reserve, measured, headroom = (f"{part:,} B" for part in parts)
    return f"{reserve} to reserve for TensorFlow Lite Micro: {measured} measured + {headroom} headroom"


def _for_npu(done: ForNpu) -> Iterator[tuple[str, Cell]]:
    placed = f"{done.nbytes:,} B (exact), placed on {done.accelerator} of {done.device} by {done.by}"
    arena = f"tensors {done.tensors:,} B by {done.by} + interpreter {done.interpreter:,} B, both modelled"
    yield "NPU", f"{placed}; arena: {arena}; {', '.join(done.files)} in npu"
    if done.refused is not None:
        yield "no core", f"C around the command streams is not written: {done.refused}"
    yield from (("left", f"{one.layer}: {one.found}; {one.allowed or one.next_step}") for one in done.left)


def _outcome(done: Mixed) -> str:
    """Score and drop, and what was kept in int16."""
    whole = "" if done.int16_score is None else f", int16x8 {done.int16_score:.4f}"
    layers = f"; layers in int16x8: {', '.join(done.wide)}" if done.wide else ""
    return (
        f"{done.metric} {done.score:.4f} (float {done.float_score:.4f}, int8 {done.int8_score:.4f}{whole}): "
        f"a drop of {done.drop:.4f}, allowed {done.max_drop:.4f}; "
        f"{done.wide_macs:.1%} of the MACs in int16x8{layers}"
    )


def _ranking(done: Mixed) -> Table:
    columns = (
        Column("layer"),
        Column("kept in"),
        Column("error gone", "{:+.1%}"),
        Column(done.metric, "{:.4f}", priority=1),
        Column("wide MACs", "{:,}", priority=2),
    )
    rows = tuple(
        (
            row.layer,
            "int16" if row.is_wide else "int8",
            1 - row.error / done.int8_output_error if done.int8_output_error else 0.0,
            row.score,
            row.macs,
        )
        for row in done.layers
    )
    return Table(columns, rows, "With the value of this layer alone in int16:", indent=4)
