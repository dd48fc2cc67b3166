"""Stopping emulated cores from outside: Ctrl-C reaches the main thread, while cores run in others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tinyml_compress.errors import EmulationError

_asked = threading.Event()
_stops: set[Callable[[], object]] = set()


def interrupt() -> None:
    """Stop every core that runs now, and any that would start until the `interruptible` block ends."""
    _asked.set()
    for stop in tuple(_stops):
        stop()


def check() -> None:
    """Raise when an interruption was asked for."""
    if _asked.is_set():
        raise EmulationError("interrupted")


@contextmanager
def running(stop: Callable[[], object]) -> Iterator[None]:
    """Around the run of one core; `stop` ends it from another thread."""
    check()
    _stops.add(stop)
    try:
        yield
    finally:
        _stops.discard(stop)
    check()


@contextmanager
def interruptible(join: Callable[[], object]) -> Iterator[None]:
    """Around everything that starts cores in threads: whatever ends the block early, Ctrl-C too, stops them.

    `join` waits for those threads; it is called in either case.
    """
    try:
        yield
    except BaseException:
        interrupt()
        raise
    finally:
        join()
        _asked.clear()
