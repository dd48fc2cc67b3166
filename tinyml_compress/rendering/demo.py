"""The last page of `make demo`: what the model became, and on which boards it runs."""

from __future__ import annotations

from tinyml_compress.results import Demo, Measurement, UnderTflm
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Cell, Column, Noted, Numbers, Row, Table, facts

_NO_TFLM = (
    "TensorFlow Lite Micro (the package tflite-micro) is not installed here, so its arena is not measured"
)
_FILES = (
    ("{name}.keras", "the trained model"),
    (
        "int8/{name}.tflite",
        "for TensorFlow Lite Micro, with C array, resolver and test vectors beside it",
    ),
    ("c/{name}.c, c/{name}.h", "the same model as C without an interpreter, with a CMake project"),
    ("float32/", "the float model, for comparison"),
    ("report.html", "all of it with charts, to open in a browser; report.json holds the numbers"),
)


@shows(Demo)
def demo_blocks(result: Demo) -> list[Block]:
    """Two tables and the list of files."""
    name = result.benchmark.model.name
    files = tuple((path.format(name=name), what) for path, what in _FILES)
    return [
        _models(result),
        "",
        _boards(result),
        "",
        facts(files, title=f"Written to {result.folder} in {result.seconds:.0f} s:", indent=2),
    ]


def _models(result: Demo) -> Table:
    columns = (
        Column("model"),
        Column("bytes", "{:,}"),
        Column("accuracy (95% interval)"),
        Column("agreement with float", priority=1),
        Column("TFLM arena", "{:,}", priority=2),
    )
    int8, conversion = result.evaluation, result.conversion
    before, after = (None if one is None else one.numbers for one in (int8.against_score, int8.score))
    same = None if int8.agreement is None else int8.agreement.numbers
    rows = (
        ("float32", result.float_bytes, before, None, None),
        ("int8", conversion.number("model_bytes"), after, same, conversion.number("tflm_arena_bytes")),
    )
    samples = "" if int8.score is None else f"{int8.score.total} "
    return Table(columns, rows, f"The model on {samples}test digits")


def _boards(result: Demo) -> Table:
    columns = (
        Column("board"),
        Column("flash KB", "{:,.0f}", priority=3),
        Column("RAM KB", "{:,.0f}", priority=3),
        Column("with TFLM", priority=2),
        Column("our C: flash", "{:,}"),
        Column("RAM", "{:,}"),
        Column("ms", "{:.2f}"),
        Column("±", "{:.0%}", priority=4),
        Column("as TFLM", priority=1),
    )
    title = "On boards (our C emulated: bytes exact, ms modelled; TFLM's runtime estimated)"
    notes = tuple(f"with TFLM: {text}" for text in result.with_tflm_assumptions)
    others = {one.device: one for one in result.with_tflm}
    rows = (_board(run, others.get(run.device), bool(others)) for run in result.benchmark.runs)
    return Table(columns, tuple(rows), title, notes)


def _board(run: Measurement, other: UnderTflm | None, is_known: bool) -> Row:
    if other is not None:
        has = [other.device_flash_bytes, other.device_ram_bytes]
    else:
        has = [one.limit for one in map(run.figure, ("flash", "RAM")) if one is not None and one.limit]
    tflm: Cell = Noted("not known", _NO_TFLM)
    if is_known:  # then a target without it is none that it is for
        tflm = None if other is None else other.verdict
    flash, ram = (amount / 1024 for amount in has) if has else (None, None)
    supply: Row = (run.device, flash, ram, tflm)
    if run.error is not None:
        return (*supply, None, None, None, None, Noted("did not run", run.error.why))
    time = run.figure("ms")
    error = None if time is None else time.error
    return (*supply, run.flash, run.ram, run.ms, error, _outputs(run))


def _outputs(run: Measurement) -> Cell:
    if run.bit_exact is None:
        return Noted("not compared", run.bit_exact_unknown or "")
    same = run.bit_exact.vectors - run.bit_exact.mismatches
    return Numbers((same, run.bit_exact.vectors), "{}/{}")
