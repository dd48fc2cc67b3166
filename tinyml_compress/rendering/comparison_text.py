"""Models side by side for the terminal."""

from __future__ import annotations

from tinyml_compress.results import Compared, Comparison
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Column, Numbers, Row, Table

_COLUMNS = (
    Column("model"),
    Column("file", "{:,}", absent="-"),
    Column("gzip", "{:,}", priority=7, absent="-"),
    Column("parameters", "{:,}", priority=5, absent="-"),
    Column("non-zero", "{:.1%}", priority=6, absent="-"),
    Column("MACs", "{:,}", priority=4, absent="-"),
    Column("score", "{:.4f}", absent="-"),
    Column("95% interval", right=True, priority=3, absent="-"),
    Column("same", "{:.1%}", priority=2, absent="-"),
    Column("time, ms", "{:.3f}", priority=1, absent="-"),
    Column("spread", right=True, priority=8, absent="-"),
)


_OF_PYTORCH = (
    Column("8 at once, ms", "{:.3f}", priority=9, absent="-"),
    Column("peak memory, MB", "{:.1f}", priority=0, absent="-"),
)


@shows(Comparison)
def comparison_blocks(done: Comparison) -> list[Block]:
    """A line per model."""
    notes = [f"{model.model}: {note}" for model in done.models for note in model.notes]
    if done.runtime is not None:
        notes.append(f"times are measured: {done.runtime}, taking turns, 1 thread")
    measured = any(model.peak_bytes is not None for model in done.models)
    if measured:
        notes.append(
            "PyTorch: median of one call, warm, 1 thread; peak memory: model and answers (up to 8 samples at "
            "once, a .tflite file one), without the libraries"
        )
    columns = (*_COLUMNS, *_OF_PYTORCH) if measured else _COLUMNS
    rows = tuple((*_row(model), *(_of_pytorch(model) if measured else ())) for model in done.models)
    title = f"{done.data}, {done.samples} samples; `same` is agreement with {done.models[0].model}"
    return [Table(columns, rows, title, tuple(notes))]


def _row(model: Compared) -> Row:
    spread = None if model.latency_spread_s is None else tuple(1e3 * end for end in model.latency_spread_s)
    return (
        model.model,
        model.nbytes,
        model.gzip_nbytes,
        model.parameters,
        model.nonzero_part,
        model.macs,
        model.score,
        None if model.interval is None else Numbers(model.interval, "{:.4f} to {:.4f}"),
        model.same,
        None if model.latency_s is None else model.latency_s * 1e3,
        None if spread is None else Numbers(spread, "{:.3f} to {:.3f}"),
    )


def _of_pytorch(model: Compared) -> Row:
    eight = model.seconds.get("8")
    return (
        None if eight is None else eight * 1e3,
        None if model.peak_bytes is None else model.peak_bytes / 1e6,
    )
