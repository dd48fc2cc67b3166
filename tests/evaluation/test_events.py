"""What was heard against what happens: who gets which trigger, and intervals of rates."""

from __future__ import annotations

from typing import Any

import pytest

from tinyml_compress.errors import DataError
from tinyml_compress.evaluation.events import Event, events_of, matched, rate_interval

EVENTS = [Event(1.0, 1.5, "a"), Event(2.0, 2.5, "a"), Event(8.0, 9.0, "a")]


@pytest.mark.parametrize(
    ("triggers", "false", "missed"),
    [
        ([], 0, 3),
        ([0.9], 1, 3),
        ([1.0, 2.6, 9.4], 0, 0),
        ([1.2, 1.3], 1, 2),  # a second one inside of an event
        ([1.2, 1.8], 1, 2),  # and behind it
        ([1.9], 0, 2),
        ([1.2, 2.01, 2.4], 1, 1),
        ([5.0, 9.6, 20.0], 3, 3),
    ],
)
def test_each_event_takes_one_trigger(triggers: list[float], false: int, missed: int) -> None:
    found = matched(triggers, EVENTS, 0.5)
    assert (found.false_accepts, found.missed) == (false, missed)
    assert len(found.delays) == len(EVENTS) - missed
    assert len(found.delays) + found.false_accepts == len(triggers)


def test_delays_count_from_the_start() -> None:
    assert matched([1.25, 8.5], EVENTS, 0.5).delays == (0.25, 0.5)


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.390), (100, 81.36, 121.63)]
)
def test_intervals_are_near_the_exact_ones(count: int, low: float, high: float) -> None:
    """Garwood's, from tables of the Poisson distribution."""
    found = rate_interval(count)
    assert found[0] == pytest.approx(low, abs=0.015)
    assert found[1] == pytest.approx(high, abs=0.03)


def test_events_are_read_in_order() -> None:
    listed = [{"start": 2, "end": 3, "label": 7}, {"start": 0.5, "end": 0.5, "label": "x"}]
    wanted = (Event(0.5, 0.5, "x"), Event(2.0, 3.0, "7"))
    assert events_of(listed, "f") == events_of({"events": listed}, "f") == wanted


@pytest.mark.parametrize(
    "document",
    [
        {},
        7,
        {"events": 3},
        [3],
        [{"start": 1, "end": 2}],
        [{"start": 2, "end": 1, "label": "a"}],
        [{"start": -1, "end": 1, "label": "a"}],
        [{"start": 0, "end": 1e999, "label": "a"}],
        [{"start": [], "end": 1, "label": "a"}],
        [{"start": 0, "end": 10**400, "label": "a"}],
    ],
)
def test_other_documents_are_refused(document: Any) -> None:
    with pytest.raises(DataError, match="event"):
        events_of(document, "events.json")
