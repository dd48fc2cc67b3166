"""Ctrl-C while a core runs in another thread: the core stops at once."""

from __future__ import annotations

import threading
import time

import pytest

from tests.emulated.programs import INPUT, build, one_node
from tinyml_compress.errors import EmulationError
from tinyml_compress.runners.emulated import Machine, interruptible
from tinyml_compress.runners.emulated.interruption import check

ENDLESS = one_node('    for (;;) {\n        __asm__ volatile("");\n    }\n    (void)arena;')


@pytest.mark.parametrize("counted", [False, True])
def test_a_running_core_is_stopped(counted: bool) -> None:
    machine = Machine(build(ENDLESS, "cortex-m4"), ENDLESS, limit_instructions=1 << 60, seconds=60)
    said: list[str] = []

    def work() -> None:
        try:
            machine.counted([INPUT]) if counted else machine.run([INPUT])
        except EmulationError as error:
            said.append(str(error))

    worker = threading.Thread(target=work)

    def interrupted() -> None:
        with interruptible(lambda: worker.join(timeout=20)):
            worker.start()
            time.sleep(0.5)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not worker.is_alive()
    assert time.monotonic() - began < 20
    assert said


def test_nothing_is_left_asked_for() -> None:
    with pytest.raises(ValueError, match="x"), interruptible(lambda: None):
        raise ValueError("x")
    check()
