"""Run a subprocess: always with a time-out, never leaving children behind, output kept for the error."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinyml_compress.errors import ProcessError
from tinyml_compress.support import watchdog

_TAIL_LINES = 30
_END_S = 20.0
"""For a process to end by itself when asked to."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finished:
    """A subprocess that ended by itself."""

    command: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str

    @property
    def how(self) -> str:
        """How it ended, in words."""
        if self.returncode < 0:
            return f"killed by signal {signal.Signals(-self.returncode).name}"
        return f"exit code {self.returncode}"

    def tail(self) -> str:
        """The last lines it printed, for an error message."""
        lines = (self.stdout + self.stderr).strip().splitlines()
        return "\n".join(lines[-_TAIL_LINES:])


def run(
    command: Sequence[str | Path],
    *,
    timeout: float,
    what: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
) -> Finished:
    """Run `command` and wait at most `timeout` seconds; `what` names the job in errors.

    `env` is added to this process's environment. With `check`, a non-zero end raises ProcessError with the
    tail of the output; a time-out always raises, after the whole process group was killed.
    """
    words = tuple(str(word) for word in command)
    began = time.monotonic()
    _log.debug("%s (at most %g s): %s", what, timeout, shlex.join(words))
    try:
        child = subprocess.Popen(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ProcessError(f"{what} could not be started", which=words[0], found=error.strerror) from error
    with watchdog.process_group(child.pid):
        try:
            stdout, stderr = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _kill_group(child)
            raise overdue(what, words[0], timeout) from None
        except BaseException:
            _kill_group(child)
            raise
    done = Finished(words, child.returncode, stdout, stderr)
    _log.debug("%s ended with %d after %.1f s", what, child.returncode, time.monotonic() - began)
    if check and done.returncode != 0:
        raise ProcessError(f"{what} failed", which=words[0], found=_how_it_ended(done))
    return done


def overdue(what: str, program: str, timeout: float) -> ProcessError:
    """The error about a job that was killed because its time was over."""
    return ProcessError(
        f"{what} did not end",
        which=program,
        found=f"still running after {timeout:g} s",
        next_step="try a smaller model or file an issue with the model attached",
    )


@contextmanager
def logged(
    command: Sequence[str | Path], log: Path, *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that works beside this one and prints into the file `log`; `end` it before the block ends."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with watchdog.process_group(child.pid):
        yield child


def end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask, wait, insist: with all that the children started themselves."""
    for child in children:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
    limit = time.monotonic() + _END_S
    for child in children:
        try:
            child.wait(max(0.1, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _kill_group(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself in the meantime
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def _how_it_ended(done: Finished) -> str:
    tail = done.tail()
    return f"{done.how}\n{tail}" if tail else done.how
