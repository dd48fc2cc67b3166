"""One line of progress that overwrites itself, on a terminal only."""

from __future__ import annotations

import sys
import threading
from types import TracebackType

import click

__all__ = ["Line"]


class Line:
    """`say` may be called from several threads; the line is gone when the block ends."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._lock = threading.Lock()

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)

    def say(self, text: str) -> None:
        if self._shown:
            with self._lock:
                click.echo(f"\r\033[K{text[:110]} ...", nl=False, err=True)
