"""A process that has loaded what a worker needs and forks one for each job: TensorFlow takes seconds to load.

A job still has a process of its own, with its folder, environment, output and end: what a crash or a time-out
leaves behind is that fork. A forerunner begins at the second job of its kind, so that a run with one job pays
nothing for it, and lives as long as this process.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinyml_compress.support import watchdog
from tinyml_compress.support.proc import Finished, overdue

_START = Path(__file__).with_name("_worker_start.py")
_STREAMS = (".stdout", ".stderr")
# What libraries and the interpreter read as they are loaded: with another value of one, another forerunner.
_READ_EARLY = tuple("CUDA_ KMP_ LANG LC_ LD_ MKL_ OMP_ OPENBLAS_ PATH PYTHON TF XLA_".split())


class _Gone(Exception):
    """The forerunner itself ended, or never began."""


class _Forerunner:
    """One process, and the pipe on which it is told of jobs."""

    def __init__(self, target: str, environment: Mapping[str, str]) -> None:
        self._said = b""
        self._child = subprocess.Popen(
            [sys.executable, str(_START), "--ahead", target],
            cwd="/",
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.ready = False

    def run(
        self, words: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float
    ) -> int | None:
        """How the job ended; None when it was killed because it had not by the time `limit`."""
        if not self.ready:
            self.ready = self._line(limit) is not None
            if not self.ready:
                return None
        mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        streams = [(str(folder / name), mode) for name in _STREAMS]
        job = {"words": list(words), "folder": str(folder), "environment": environment, "streams": streams}
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps(job).encode() + b"\n")
            self._child.stdin.flush()
        except OSError as error:
            raise _Gone from error
        number = int(self._line(None) or 0)
        with watchdog.process_group(number):
            try:
                status = self._line(limit)
            except BaseException:
                _kill(number)
                raise
            if status is None:
                _kill(number)
                self._line(None)  # it is gone
                return None
            return int(status)

    def _line(self, limit: float | None) -> str | None:
        """What it says next; None when the time is over."""
        assert self._child.stdout is not None
        while b"\n" not in self._said:
            left = None if limit is None else max(0.0, limit - time.monotonic())
            if not select.select([self._child.stdout], [], [], left)[0]:
                return None
            more = os.read(self._child.stdout.fileno(), 4096)
            if not more:
                raise _Gone
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        return line.decode()

    def end(self) -> None:
        """It ends when its pipe does; a job of it that still runs was killed before."""
        self.let_go()
        _kill(self._child.pid)
        self._child.wait()

    def let_go(self) -> None:
        """Close this process's ends of the pipes."""
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # what could not be sent is sent no more
                pipe.close()


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended by itself
        os.killpg(group, signal.SIGKILL)


class _Forerunners:
    """Those of this process, by what they have loaded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: set[tuple[object, ...]] = set()
        self._known: dict[tuple[object, ...], _Forerunner] = {}

    def run(
        self, target: str, folder: Path, *, what: str, timeout: float, environment: Mapping[str, str]
    ) -> Finished | None:
        """The job in `folder`, done; None where this is no case for a forerunner."""
        key = (target, *sorted(item for item in environment.items() if item[0].startswith(_READ_EARLY)))
        if sys.platform != "linux" or not self._lock.acquire(blocking=False):
            return None  # elsewhere a fork of loaded libraries is not safe; one job at a time
        try:
            if key not in self._asked:
                self._asked.add(key)
                return None
            return self._run(key, target, folder, what, timeout, environment)
        finally:
            self._lock.release()

    def _run(
        self,
        key: tuple[object, ...],
        target: str,
        folder: Path,
        what: str,
        timeout: float,
        environment: Mapping[str, str],
    ) -> Finished | None:
        limit = time.monotonic() + timeout
        if key not in self._known:
            self._known[key] = _Forerunner(target, environment)
        try:
            status = self._known[key].run([str(folder)], folder, environment, limit)
        except _Gone:
            self._known.pop(key).end()
            return None
        except BaseException:
            self._known.pop(key).end()
            raise
        if status is None:
            if not self._known[key].ready:
                self._known.pop(key).end()
            raise overdue(what, sys.executable, timeout)
        said = [(folder / name).read_text("utf-8", errors="replace") for name in _STREAMS]
        return Finished((sys.executable, str(_START), target, str(folder)), status, *said)

    def end(self) -> None:
        """At the end of this process."""
        while self._known:
            self._known.popitem()[1].end()

    def forget(self) -> None:
        """In a fork of this process: they are the parent's."""
        for forerunner in self._known.values():
            forerunner.let_go()
        self._lock, self._asked, self._known = threading.Lock(), set(), {}


_forerunners = _Forerunners()
run = _forerunners.run
atexit.register(_forerunners.end)
os.register_at_fork(after_in_child=_forerunners.forget)
