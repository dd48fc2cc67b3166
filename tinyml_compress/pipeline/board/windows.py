"""How long an inference takes by the board's own clock: windows as MLPerf Tiny's rules ask for them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinyml_compress.errors import LineError, MismatchError
from tinyml_compress.line import LineBoard, Timed
from tinyml_compress.results import Window

WINDOWS = 5
_FIRST_LOOK_S = 0.1
_MARGIN = 1.02
"""So that a window that is aimed at ten seconds has them."""
_TRIES = 8
_WARM_UPS = 10
_MOST = 999_999_999
"""Inferences that the protocol can ask for at once."""
_CLOCKS_APART = 0.1
_COMPARED_S = 1.0
"""Windows that are long enough for this computer's clock to be a witness."""


@dataclass(frozen=True)
class Clocked:
    """Inferences that a board can time."""

    name: str
    """Of the board."""
    run: Callable[[int, float], Timed]
    """So many, with that many seconds of patience."""
    warm_ups: int
    """Inferences before the first reading of the clock."""
    own_clock: bool
    """Whether seconds there are seconds here: not of an emulated board."""


def windows(
    board: LineBoard, seconds: float, timeout: float, *, own_clock: bool, note: Callable[[str], None]
) -> tuple[Window, ...]:
    """Five of at least so long."""
    look = Clocked(board.name, lambda count, patience: board.timed(count, 0, patience), 0, own_clock)
    count = inferences_in(look, seconds, timeout)
    warm_ups = min(_WARM_UPS, count)
    clocked = Clocked(
        board.name, lambda count, patience: board.timed(count, warm_ups, patience), warm_ups, own_clock
    )
    taken: list[tuple[Timed, int]] = []
    for number in range(WINDOWS):
        note(f"window {number + 1} of {WINDOWS}, {count:,} inferences")
        timed, count = filled(clocked, count, seconds, timeout)
        taken.append((timed, count))
    first = taken[0][0].began
    return tuple(
        Window(inferences=count, seconds=timed.microseconds / 1e6, began=round(timed.began - first, 3))
        for timed, count in taken
    )


def milliseconds(taken: Sequence[Window]) -> tuple[float, float]:
    """Median, and how far windows are from it, as a fraction."""
    each = [window.milliseconds for window in taken]
    median = statistics.median(each)
    return median, max(abs(one / median - 1) for one in each)


def inferences_in(clocked: Clocked, seconds: float, timeout: float) -> int:
    """So many as fill a window, found with longer and longer runs."""
    count, aim = 1, min(_FIRST_LOOK_S, seconds)
    for _ in range(_TRIES):
        micros = clocked.run(count, timeout + seconds).microseconds
        if micros >= 1e6 * aim:
            return max(1, math.ceil(count * seconds * 1e6 / micros * _MARGIN))
        count = _more(clocked, count, micros / 1e6, aim)
    raise _still(clocked, f"{count:,} inferences took {micros:,} microseconds")


def filled(clocked: Clocked, count: int, seconds: float, timeout: float) -> tuple[Timed, int]:
    """A window of at least so long, and how many inferences it had."""
    for _ in range(_TRIES):
        timed = clocked.run(count, timeout + seconds * (2 + 2 * clocked.warm_ups / count))
        took = timed.microseconds / 1e6
        if took >= seconds:
            if clocked.own_clock:
                _compare(clocked, took * (1 + clocked.warm_ups / count), timed.elapsed)
            return timed, count
        count = _more(clocked, count, took, seconds)
    raise _still(clocked, f"{count:,} inferences took {took:.3g} s, and fewer took as long before")


def _more(clocked: Clocked, count: int, took: float, aim: float) -> int:
    """A count that takes `aim` seconds, after one that took less."""
    if took <= 0.0 and count > 1:
        raise _still(clocked, f"{count:,} inferences took no microsecond")
    factor = 1000.0 if took <= 0.0 else max(1.01, aim / took * _MARGIN)
    return min(_MOST, math.ceil(count * factor))


def _still(clocked: Clocked, what: str) -> LineError:
    return LineError(
        "the board's clock does not move as time does",
        which=clocked.name,
        found=what,
        next_step="fill in the firmware's clock of microseconds: a counter or timer of the board",
    )


def _compare(clocked: Clocked, there: float, here: float) -> None:
    """The board's clock, for inferences and warm-up, against this computer's."""
    if there > _COMPARED_S and not 1 - _CLOCKS_APART < here / there < 1 + _CLOCKS_APART:
        raise MismatchError(
            "the board's clock and this computer's do not agree",
            which=clocked.name,
            found=f"{there:.2f} s there, {here:.2f} s here",
            allowed=f"{_CLOCKS_APART:.0%} apart",
            next_step="the firmware's microseconds are wrong: at which clock does its counter run?",
        )
