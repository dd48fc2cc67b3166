"""Whatever this process started or laid down for a while goes when it is killed, however hard.

Python can tidy up after an exception or Ctrl-C, but not after SIGKILL. So one small process per run knows the
process groups and the temporary folders that are in use, through a pipe that closes with this process.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCRIPT = Path(__file__).with_name("_watchdog_process.py")
_END_S = 2.0


@contextmanager
def process_group(number: int) -> Iterator[None]:
    """The process group `number`, which the block waits for."""
    with _watchdog.holding(f"p{number}"):
        yield


@contextmanager
def folder(path: Path) -> Iterator[None]:
    """A folder that the block removes, or renames, before it ends."""
    with _watchdog.holding("f" + os.fsencode(path.absolute()).hex()):
        yield


class _Watchdog:
    """This process's end of the pipe; the other one is started at the first need."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, None] = {}
        self._pipe: int | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @contextmanager
    def holding(self, thing: str) -> Iterator[None]:
        with self._lock:
            self._held[thing] = None
            self._tell(f"+{thing}\n")
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(thing, None)
                self._tell(f"-{thing}\n")

    def _tell(self, line: str) -> None:
        if self._pipe is not None:
            try:
                os.write(self._pipe, line.encode())
                return
            except BrokenPipeError:  # somebody ended the other process: a new one learns what is held
                self.end()
        if self._held:
            self._start()

    def _start(self) -> None:
        read, self._pipe = os.pipe()
        try:
            # Its own session: a Ctrl-C of the terminal is for those who work. No output of ours stays open in
            # it.
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_SCRIPT)],
                stdin=read,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(read)
        os.write(self._pipe, "".join(f"+{thing}\n" for thing in self._held).encode())

    def end(self) -> None:
        """Close the pipe and bury the process, which ends at that."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):  # a stopped machine: init buries it
                self._child.wait(_END_S)
            self._child = None

    def forget(self) -> None:
        """In a fork of this process: what is held is the parent's, and so is the pipe."""
        if self._pipe is not None:
            os.close(self._pipe)
        if self._child is not None:
            self._child.returncode = 0  # not ours to wait for
        self._lock, self._held, self._pipe, self._child = threading.Lock(), {}, None, None


_watchdog = _Watchdog()
atexit.register(_watchdog.end)
os.register_at_fork(after_in_child=_watchdog.forget)
