"""A serial port that leads to a program instead of a board."""

from __future__ import annotations

import os
import select

from tinyml_compress.errors import MissingDependency

_PATIENCE_S = 1.0
"""How long a full line is waited for; what nobody reads is lost, as on a board's."""


class PseudoTerminal:
    """Its other end has a path that programs open as a port; they may come and go."""

    def __init__(self) -> None:
        try:
            import pty
            import tty
        except ImportError as error:
            raise MissingDependency(
                "this system has no pseudo-terminals", allowed="Linux or macOS, or Windows with WSL"
            ) from error
        self._ours, self._theirs = (
            pty.openpty()
        )  # theirs stays open, so that the last program to go ends nothing
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self._wake, self._waker = os.pipe()
        self.path = os.ttyname(self._theirs)
        self._is_read = True

    def read(self, most: int) -> bytes:
        """At least one character, as soon as there are any; none after `hang_up`."""
        ready, _, _ = select.select([self._ours, self._wake], [], [])
        return b"" if self._wake in ready else os.read(self._ours, most)

    def write(self, data: bytes) -> None:
        while data:
            _, ready, _ = select.select([], [self._ours], [], _PATIENCE_S if self._is_read else 0)
            self._is_read = bool(ready)
            if not ready:
                return
            data = data[os.write(self._ours, data) :]

    def forget(self) -> None:
        """What nobody has read yet is lost, as what a board says before its port is opened."""
        import termios

        termios.tcflush(self._theirs, termios.TCIFLUSH)

    def hang_up(self) -> None:
        """`read` returns; it may be called by any thread, and again."""
        os.write(self._waker, b".")

    def close(self) -> None:
        for one in (self._ours, self._theirs, self._wake, self._waker):
            os.close(one)
