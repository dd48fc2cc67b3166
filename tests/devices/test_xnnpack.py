"""What TensorFlow Lite takes on Linux machines: near what is published, and honest where nothing is."""

from __future__ import annotations

import pytest

from benchmarks.linux_model import left_out
from tinyml_compress.devices.xnnpack import ERROR, FORMS, NETS, PUBLISHED, PublishedTime, runtime_times


def test_each_published_time_is_within_the_bar_of_the_others() -> None:
    for one, predicted in left_out():
        assert abs(predicted / one.ms - 1) <= ERROR, one


@pytest.mark.parametrize("one", PUBLISHED, ids=lambda one: f"{one.core}-{one.form}-{one.net}")
def test_published_times_come_out(one: PublishedTime) -> None:
    times = runtime_times(one.core, round(one.clock_hz), 4, NETS[one.net])
    (ms,) = (time.ms for time in times if (time.form, time.threads) == (one.form, 4))
    assert ms == pytest.approx(one.ms, rel=ERROR)


def test_more_threads_are_faster_and_integers_than_floats() -> None:
    done = runtime_times("cortex-a72", 10**9, 4, NETS["MobileNet v1"])
    times = {(one.form, one.threads): one.ms for one in done}
    assert {form for form, _ in times} == set(FORMS)
    for form in FORMS:
        assert times[form, 1] > times[form, 2] > times[form, 4] > times[form, 1] / 4
    assert times["int8", 1] < times["dynamic", 1] < times["float32", 1] == times["float16", 1]


def test_a_core_without_published_times_says_so() -> None:
    net = NETS["MobileNet v1"]
    assert runtime_times("cortex-a8", 10**9, 1, net) == ()
    assert all("assumed" in one.basis for one in runtime_times("cortex-a76", 10**9, 4, net))
    assert max(one.threads for one in runtime_times("cortex-a55", 10**9, 2, net)) == 2
