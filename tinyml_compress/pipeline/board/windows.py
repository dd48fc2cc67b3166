"""How long an inference takes by the board's own clock: windows as MLPerf Tiny's rules ask for them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

from tinyml_compress.errors import LineError, MismatchError
from tinyml_compress.line import LineBoard, Timed
from tinyml_compress.results import Window

WINDOWS = 5
_FIRST_LOOK_S = 0.1
_MARGIN = 1.02
"""So that a window that is aimed at ten seconds has them."""
_TRIES = 4
_WARM_UPS = 10
_MOST = 999_999_999
"""Inferences that the protocol can ask for at once."""
_CLOCKS_APART = 0.1
_COMPARED_S = 1.0
"""Windows that are long enough for this computer's clock to be a witness."""


def windows(
    board: LineBoard, seconds: float, timeout: float, *, own_clock: bool, note: Callable[[str], None]
) -> tuple[Window, ...]:
    """Five of at least so long; a board with a clock `own_clock` is held against this computer's."""
    count = _count(board, seconds, timeout)
    taken: list[Timed] = []
    while len(taken) < WINDOWS:
        note(f"window {len(taken) + 1} of {WINDOWS}, {count:,} inferences")
        warm_ups = min(_WARM_UPS, count)
        timed = board.timed(count, warm_ups, _patience(seconds, count, timeout))
        took = timed.microseconds / 1e6
        if took < seconds:
            count = _more(board, count, took, seconds)
            taken.clear()
            continue
        if own_clock:
            _compare(board, took * (1 + warm_ups / count), timed.elapsed)
        taken.append(timed)
    return tuple(
        Window(
            inferences=count,
            seconds=timed.microseconds / 1e6,
            began=round(timed.began - taken[0].began, 3),
        )
        for timed in taken
    )


def milliseconds(taken: Sequence[Window]) -> tuple[float, float]:
    """Median, and how far windows are from it, as a fraction."""
    each = [window.milliseconds for window in taken]
    median = statistics.median(each)
    return median, max(abs(one / median - 1) for one in each)


def _patience(seconds: float, count: int, timeout: float) -> float:
    """Before the answer of a window; the warm-up takes part of a window more."""
    return timeout + seconds * (2 + 2 * _WARM_UPS / count)


def _count(board: LineBoard, seconds: float, timeout: float) -> int:
    """Inferences that fill a window, found with longer and longer runs."""
    count, aim = 1, min(_FIRST_LOOK_S, seconds)
    for _ in range(_TRIES):
        micros = board.timed(count, 0, timeout + seconds).microseconds
        if micros >= 1e6 * aim:
            return max(1, math.ceil(count * seconds * 1e6 / micros * _MARGIN))
        count = _more(board, count, micros / 1e6, aim)
    raise _still(board, f"{count:,} inferences took {micros:,} microseconds")


def _more(board: LineBoard, count: int, took: float, aim: float) -> int:
    """A count that takes `aim` seconds, after one that took less."""
    if took <= 0.0 and count > 1:
        raise _still(board, f"{count:,} inferences took no microsecond")
    factor = 1000.0 if took <= 0.0 else max(1.01, aim / took * _MARGIN)
    return min(_MOST, math.ceil(count * factor))


def _still(board: LineBoard, what: str) -> LineError:
    return LineError(
        "the board's clock does not move",
        which=board.name,
        found=what,
        next_step="fill in the firmware's clock of microseconds: a counter or timer of the board",
    )


def _compare(board: LineBoard, wanted: float, elapsed: float) -> None:
    """The board's clock, for inferences and warm-up, against this computer's."""
    if wanted > _COMPARED_S and not 1 - _CLOCKS_APART < elapsed / wanted < 1 + _CLOCKS_APART:
        raise MismatchError(
            "the board's clock and this computer's do not agree",
            which=board.name,
            found=f"{wanted:.2f} s there, {elapsed:.2f} s here",
            allowed=f"{_CLOCKS_APART:.0%} apart",
            next_step="the firmware's microseconds are wrong: at which clock does its counter run?",
        )
