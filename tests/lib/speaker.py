"""Our own speaker of MLPerf Tiny's protocol, for a port that exists."""

from __future__ import annotations

import os
import re
import select
import termios
import time
from types import TracebackType

_BYTES_OF_A_COMMAND = 31
"""That the runner sends."""


class Speaker:
    """One program at the port."""

    def __init__(self, path: str, seconds: float = 60.0) -> None:
        self._port, self._seconds = os.open(path, os.O_RDWR | os.O_NOCTTY), seconds
        termios.tcflush(self._port, termios.TCIFLUSH)

    def __enter__(self) -> Speaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._port)

    def send(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._port, data) :]

    def heard(self, end: str = "m-ready", times: int = 1) -> list[str]:
        """All lines up to the last of so many that say `end`."""
        text, until = b"", time.monotonic() + self._seconds
        while text.count(f"{end}\r\n".encode()) < times:
            if not select.select([self._port], [], [], max(0.0, until - time.monotonic()))[0]:
                raise AssertionError(f"nothing more after {text[-200:]!r}")
            text += os.read(self._port, 4096)
        return text.decode("ascii").split("\r\n")[:-1]

    def ask(self, command: str) -> list[str]:
        """The answer to one command, without its ready."""
        self.send(f"{command}%".encode())
        return self.heard()[:-1]

    def load(self, data: bytes) -> None:
        self.ask(f"db load {len(data)}")
        for start in range(0, len(data), _BYTES_OF_A_COMMAND):
            self.ask(f"db {data[start : start + _BYTES_OF_A_COMMAND].hex()}")

    def infer(self, count: int = 1, warmups: int = 0) -> tuple[list[float], int]:
        """The outputs, and the microseconds of all."""
        lines = self.ask(f"infer {count} {warmups}")
        first, second = (int(line.rpartition("-")[2]) for line in lines if line.startswith("m-lap-us-"))
        (match,) = (found for line in lines if (found := re.fullmatch(r"m-results-\[(.*)]", line)))
        return [float(word) for word in match[1].split(",")], second - first
