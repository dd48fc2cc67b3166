"""A PyTorch model in int8 beside itself in float."""

from __future__ import annotations

from tinyml_compress.results import Quantization, QuantizedForm
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Column, Row, Table, facts

_COLUMNS = (
    Column("form"),
    Column("file", "{:,}", absent="-"),
    Column("weights, B", "{:,}", priority=2, absent="-"),
    Column("score", right=True, absent="-"),
    Column("same as float", right=True, priority=1, absent="-"),
    Column("1 sample, ms", "{:.3f}", priority=3),
)
_TITLES = {"float": "float32 in PyTorch", "pt2": "int8 in PyTorch", "tflite": "int8 .tflite"}

_ARITHMETIC = (
    "PyTorch computes in float between its roundings to int8; the .tflite file computes in whole numbers",
    "PyTorch keeps weights in int8 and computes in float; the .tflite file rounds activations as it runs",
)


@shows(Quantization)
def quantization_blocks(done: Quantization) -> list[Block]:
    """A line per form, and how far the two in int8 agree."""
    title = f"{done.model}: {done.scheme}, {done.parameters:,} parameters"
    notes = (
        f"{done.data}, {done.samples} samples; ranges from {done.calibrated} of {done.calibration}",
        f"times are measured, 1 thread: torch {done.torch}, {done.runtime}",
        _ARITHMETIC[done.scheme == "dynamic"],
    )
    table = Table(_COLUMNS, tuple(map(_row, done.forms)), title, notes)
    apart = f"outputs differ by {done.together.max_difference:.4g} at most"
    if done.steps is not None:
        apart += f", {done.steps:.1f} steps of the output"
    same = done.together.numbers
    together = apart if same is None else f"same answer on {same}; {apart}"
    wrote = f"{', '.join(done.files)} in {done.folder}"
    return [table, facts([("PyTorch and .tflite", together), ("wrote", wrote)])]


def _row(form: QuantizedForm) -> Row:
    return (
        _TITLES[form.name],
        form.file_bytes,
        form.weight_bytes,
        None if form.score is None else form.score.numbers,
        None if form.agreement is None else form.agreement.numbers,
        1e3 * form.seconds,
    )
