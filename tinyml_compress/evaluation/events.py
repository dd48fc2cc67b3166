"""What was heard in a long recording against what happens in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyml_compress.errors import DataError

_MOST = 1_000_000
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Event:
    """Something that happens in a recording, in seconds from its start."""

    start: float
    end: float
    label: str


@dataclass(frozen=True)
class Heard:
    """The triggers of a class against its events."""

    false_accepts: int
    """Triggers outside of every event, and further ones inside of one."""
    missed: int
    delays: tuple[float, ...]
    """Seconds from the start of an event to its trigger."""


def events_of(document: Any, which: object) -> tuple[Event, ...]:
    """The events that a JSON document lists, in the order of their starts."""
    listed = document.get("events") if isinstance(document, dict) else document
    if not isinstance(listed, list) or len(listed) > _MOST:
        raise DataError(
            "no list of events",
            which=which,
            allowed='{"events": [{"start": 1.5, "end": 2.1, "label": "yes"}, ...]}, in seconds',
        )
    return tuple(sorted((_event(one, which) for one in listed), key=lambda event: event.start))


def _event(entry: Any, which: object) -> Event:
    try:
        event = Event(float(entry["start"]), float(entry["end"]), str(entry["label"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DataError(
            "an event lacks start, end or label",
            which=which,
            found=repr(entry)[:80],
            allowed='{"start": 1.5, "end": 2.1, "label": "yes"}, in seconds',
        ) from error
    if not 0 <= event.start <= event.end < math.inf:
        raise DataError(
            "an event ends before it starts", which=which, found=f"{event.start} to {event.end} s"
        )
    return event


def matched(triggers: Sequence[float], events: Sequence[Event], tolerance: float) -> Heard:
    """Each event takes the first trigger from its start to `tolerance` behind its end; both are in order."""
    heard: dict[int, float] = {}
    first = false = 0
    for time in triggers:
        while first < len(events) and events[first].end + tolerance < time:
            first += 1
        for place in range(first, len(events)):
            if events[place].start > time:
                false += 1
                break
            if place not in heard and time <= events[place].end + tolerance:
                heard[place] = time - events[place].start
                break
        else:
            false += 1
    return Heard(false, len(events) - len(heard), tuple(heard.values()))


def rate_interval(count: int) -> tuple[float, float]:
    """95% interval of the mean of a count that is Poisson's, by Byar's approximation of the exact one."""
    more = count + 1
    high = more * (1 - 1 / (9 * more) + _Z95 / (3 * math.sqrt(more))) ** 3
    if count == 0:
        return 0.0, high
    return count * (1 - 1 / (9 * count) - _Z95 / (3 * math.sqrt(count))) ** 3, high
