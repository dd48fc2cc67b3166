"""Energy of an inference from a power meter's file: seconds, watts, and the protocol's pin where recorded."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError
from tinyml_compress.results import Figure, Kind, Window
from tinyml_compress.support import files

Floats = npt.NDArray[np.float64]
_ALLOWED = (
    "lines of seconds,watts or seconds,watts,pin: numbers, the seconds rising; a first line may name them"
)
_HIGH = 0.5
_ALIKE = 0.02
"""How far a stretch between two marks may be from a window's length."""
_CONTRAST = 1.02
"""Of the power within windows to that outside, so that windows can be found without a pin."""
_OFFSETS = 2000
_COLUMNS = (2, 3)


def energy(path: Path, windows: Sequence[Window]) -> Figure:
    """Millijoule of an inference: the median of the windows."""
    trace = _read(path)
    marks = _marks(trace)
    starts = _by_pin(path, marks, windows) if marks is not None else _by_power(path, trace, windows)
    begins = np.array(starts)
    ends = begins + np.array([window.seconds for window in windows])
    counts = np.array([window.inferences for window in windows])
    each = [float(one) for one in 1e3 * _joules(trace, begins, ends) / counts]
    median = statistics.median(each)
    if median <= 0:
        raise DataError("a power meter's file without power", which=path, found=f"{median:.3g} mJ")
    return Figure(
        name="mJ",
        value=median,
        unit="mJ",
        kind=Kind.MEASURED,
        error=max(abs(one / median - 1) for one in each),
        about={"source": path.name, "windows by": "power" if marks is None else "pin"},
    )


def _read(path: Path) -> Floats:
    """Columns of numbers."""
    rows = [row for row in csv.reader(files.read_bytes(path).decode("utf-8", "replace").splitlines()) if row]
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]
    widths = {len(row) for row in rows}
    whole = len(rows) > 1 and len(widths) == 1 and widths <= set(_COLUMNS)
    if not whole or not all(_is_number(word) for row in rows for word in row):
        raise DataError("not a power meter's file", which=path, allowed=_ALLOWED)
    trace = np.array(rows, np.float64)
    if not np.isfinite(trace).all() or (np.diff(trace[:, 0]) <= 0).any():
        raise DataError("not a power meter's file", which=path, allowed=_ALLOWED)
    return trace


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _marks(trace: Floats) -> Floats | None:
    """When the pin fell, which it does at each reading of the board's clock; None without a pin."""
    if trace.shape[1] < max(_COLUMNS):
        return None
    high = trace[:, 2] >= _HIGH
    return trace[1:, 0][high[:-1] & ~high[1:]]


def _by_pin(path: Path, marks: Floats, windows: Sequence[Window]) -> list[float]:
    """Where windows begin: two marks that are as far apart as the board's clock says, in order."""
    starts: list[float] = []
    lengths = np.diff(marks)
    place = 0
    for window in windows:
        near = np.flatnonzero(np.abs(lengths[place:] / window.seconds - 1) <= _ALIKE)
        if not near.size:
            raise DataError(
                "the pin's marks are not those of this run",
                which=path,
                found=f"{len(marks)} marks, {len(starts)} of {len(windows)} windows among them",
                next_step="record from before the verb begins until it has ended",
            )
        place += int(near[0])
        starts.append(float(marks[place]))
        place += 1
    return starts


def _by_power(path: Path, trace: Floats, windows: Sequence[Window]) -> list[float]:
    """Where windows begin, when the meter began at any time before: where they take most power."""
    seconds = trace[:, 0]
    begins = np.array([window.began for window in windows])
    whole = float(begins[-1] + windows[-1].seconds)
    spare = float(seconds[-1] - seconds[0]) - whole
    if spare < 0:
        raise DataError(
            "the power meter's file is shorter than the windows",
            which=path,
            found=f"{seconds[-1] - seconds[0]:.3g} s",
            allowed=f"{whole:.3g} s at least",
            next_step="record from before the verb begins until it has ended",
        )
    offsets = seconds[0] + np.linspace(0.0, spare, _OFFSETS)
    lengths = np.array([window.seconds for window in windows])
    charges = np.zeros(_OFFSETS)
    for begin, length in zip(begins, lengths, strict=True):
        charges += _joules(trace, offsets + begin, offsets + begin + length)
    most, within = float(charges.max()), float(lengths.sum())
    best = float(offsets[int(np.argmax(charges))])
    inside, rest = most / within, spare + whole - within
    everything = float(_joules(trace, seconds[:1], seconds[-1:])[0])
    outside = (everything - most) / rest if rest > 0 else inside
    if inside < _CONTRAST * outside:
        raise DataError(
            "the power meter's file does not show where inferences run",
            which=path,
            found=f"{inside:.3g} W at most in windows, {outside:.3g} W outside",
            next_step="record the protocol's pin as a third column, or more of the time before and after",
        )
    return [best + float(begin) for begin in begins]


def _joules(trace: Floats, starts: Floats, ends: Floats) -> Floats:
    """Power over time between each start and end, by the trapezoidal rule."""
    seconds, watts = trace[:, 0], trace[:, 1]
    whole = np.concatenate([[0.0], np.cumsum(np.diff(seconds) * (watts[1:] + watts[:-1]) / 2)])
    joules: Floats = np.interp(ends, seconds, whole) - np.interp(starts, seconds, whole)
    return joules
