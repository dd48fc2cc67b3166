"""Whether an interrupted verb ends in its own time: `fit` ends its workers and writes the best that it has
found.

All others end at once. What the interruption finds them waiting for, such as compilers in other threads, is
not worth the user's time, and what they hold goes with them (`watchdog.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class _Process:
    blocks = 0


@contextmanager
def at_leisure() -> Iterator[None]:
    """An interruption inside of the block is the block's business, however long it takes."""
    _Process.blocks += 1
    try:
        yield
    finally:
        _Process.blocks -= 1


def is_at_leisure() -> bool:
    """Whether such a block is under way."""
    return _Process.blocks > 0
