"""One live line per running stage on the terminal's error output; nothing at all when that is no terminal.

With `-v` each stage leaves a line with its seconds when it ends, on a terminal and elsewhere; a long one that
has no terminal says every half minute where it is.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

from tinyml_compress.support.escape import for_terminal

_log = logging.getLogger(__name__)
_SILENCE_S = 30.0


class ProgressLine:
    """A stage that is running; where progress is not shown, only its notes are told, and seldom."""

    def __init__(self, title: str, progress: Progress | None = None, task: TaskID | None = None) -> None:
        self._title = title
        self._progress = progress
        self._task = task
        self._told = time.monotonic()

    def advance(self, steps: int = 1) -> None:
        """So many steps more are done."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, steps)

    def note(self, text: str) -> None:
        """A word beside the title: the epoch, the layer, the loss."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, note=for_terminal(text))
        elif time.monotonic() - self._told >= _SILENCE_S:
            self._told = time.monotonic()
            _log.info("%s: %s", self._title, text)


class _Shown:
    """The display that the outermost stage opened; stages inside it add their lines to it."""

    progress: Progress | None = None


@contextmanager
def stage(title: str, total: int | None = None, console: Console | None = None) -> Iterator[ProgressLine]:
    """Show `title` with elapsed time while the block runs, and a bar when `total` steps are known."""
    began = time.monotonic()
    with _shown(title, total, console) as running:
        yield running
    _log.info("%s: %.1f s", title, time.monotonic() - began)


@contextmanager
def _shown(title: str, total: int | None, console: Console | None) -> Iterator[ProgressLine]:
    if _Shown.progress is not None:
        yield from _line(_Shown.progress, title, total)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    # The stream below the guard of `support/screen.py`: what is drawn moves the cursor, and its words are
    # escaped.
    screen = (
        console if console is not None else Console(file=getattr(sys.stderr, "rich_proxied_file", sys.stderr))
    )
    if not screen.is_terminal:
        yield ProgressLine(title)
        return
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    ]
    if total is not None:
        columns[2:2] = [BarColumn(bar_width=24), MofNCompleteColumn()]
    with Progress(*columns, console=screen, transient=True) as progress:
        _Shown.progress = progress
        try:
            yield from _line(progress, title, total)
        finally:
            _Shown.progress = None


def _line(progress: Progress, title: str, total: int | None) -> Iterator[ProgressLine]:
    task = progress.add_task(for_terminal(title), total=total, note="")
    try:
        yield ProgressLine(title, progress, task)
    finally:
        progress.refresh()  # what came since the last tick, before the line goes
        progress.remove_task(task)
