"""Commands that end in `%`, answers that end in `m-ready`: what was lost on the way is asked for again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TypeVar

from tinyml_compress.errors import LineError
from tinyml_compress.line.channel import Channel, LineGone

Answer = TypeVar("Answer")
ANSWER_S = 5.0
"""As long as the protocol's own runner waits for a line."""
_TRIES = 3
_WAKE_S = 1.0
_WAKE_TRIES = 8
"""A board that begins anew when its port is opened boots for seconds."""
_QUIET_S = 0.05
_MOST_LINES = 10_000
_MOST_BYTES = 1 << 20
_SHOWN = 60
_WORD = re.compile(r"[me]-[ -~]*")
_READY, _BOOTED, _REFUSED = "m-ready", "m-init-done", "e-["


class Dialogue:
    """One line with a board at its end."""

    def __init__(self, channel: Channel, baud: int) -> None:
        self.channel, self._baud = channel, baud
        self._rest = b""
        """What has come behind the last end of a line."""
        self._noise = 0
        """Bytes since the last command that are no words of the protocol."""
        self._last = b""

    def start(self) -> None:
        """Until the board says that it is ready; half a command that it may have in its buffer is ended."""
        for _ in range(_WAKE_TRIES):
            self.channel.write(b"%")
            try:
                while self._line(_WAKE_S) != _READY:
                    pass
            except LineGone:
                raise
            except LineError:
                continue
            self._drain()
            return
        raise self._silence("no command")

    def ask(self, command: str, seconds: float = ANSWER_S) -> list[str]:
        """The lines of the answer, `m-ready` left out. `seconds` of silence are too many."""
        self._noise, self._last = 0, b""
        self.channel.write(f"{command}%".encode("ascii"))
        lines: list[str] = []
        while (line := self._line(seconds, command)) != _READY:
            if line == _BOOTED:
                raise LineError(
                    "the board began anew in the middle of a command",
                    which=self.channel.name,
                    found=_short(command),
                    next_step="a watchdog, a fault or a weak supply does that: run it alone in a debugger",
                )
            lines.append(line)
            if len(lines) > _MOST_LINES:
                raise self._stranger("an answer without an end")
        refused = next((line for line in lines if line.startswith(_REFUSED)), None)
        if refused is not None:
            raise LineError(
                "the board refuses a command",
                which=f"{_short(command)} at {self.channel.name}",
                found=refused[len(_REFUSED) : -1],
                next_step="flash what `export --format mlperf-tiny` writes for this model",
            )
        return lines

    def tried(self, exchange: Callable[[], Answer]) -> Answer:
        """An exchange that can be begun anew, three times where characters get lost on the line."""
        for _ in range(_TRIES - 1):
            try:
                return exchange()
            except LineGone:
                raise
            except LineError:
                self.start()
        return exchange()

    def _line(self, seconds: float, command: str = "") -> str:
        """The next line that is a word of the protocol."""
        ends = time.monotonic() + seconds
        while True:
            whole, end, rest = self._rest.partition(b"\n")
            if end:
                self._rest = rest
                text = whole.rstrip(b"\r").decode("latin-1")
                if _WORD.fullmatch(text):
                    return text
                self._noise += len(whole)
                continue
            left = ends - time.monotonic()
            data = self.channel.read(left) if left > 0 else b""
            if not data and left <= 0:
                raise self._silence(command)
            self._rest = (self._rest + data)[-_MOST_BYTES:]
            self._last = (self._last + data)[-_SHOWN:]
            if self._noise > _MOST_BYTES:
                raise self._stranger("a flood of bytes")

    def _drain(self) -> None:
        """What is still coming of former answers."""
        ends = time.monotonic() + ANSWER_S
        while self.channel.read(_QUIET_S) and time.monotonic() < ends:
            pass
        self._rest = b""

    def _silence(self, command: str) -> LineError:
        """Nothing came, or nothing that can be read, or not all of it."""
        came = self._last or self._rest[-_SHOWN:]
        if not came:
            return LineError(
                "the board does not answer",
                which=f"{_short(command)} at {self.channel.name}",
                next_step="is it the board's port, does it run what `export --format mlperf-tiny` writes, "
                "and does that firmware read this line? Press reset, and run the verb again",
            )
        if sum(byte > 126 or byte < 9 for byte in came) * 4 > len(came):
            return self._stranger("bytes that are no text")
        return LineError(
            "the board's answer stops in the middle",
            which=f"{_short(command)} at {self.channel.name}",
            found=_shown(came),
            next_step="a loose cable, or a firmware that hangs: press reset, and run the verb again",
        )

    def _stranger(self, what: str) -> LineError:
        return LineError(
            "what comes over the line is not MLPerf Tiny's protocol",
            which=self.channel.name,
            found=f"{what}: {_shown(self._last or self._rest[-_SHOWN:])}",
            next_step=f"is --baud {self._baud} the firmware's, and is this the board's port?",
        )


def _short(command: str) -> str:
    return command if len(command) <= _SHOWN else f"{command[:_SHOWN]}..."


def _shown(data: bytes) -> str:
    return repr(data)[1:]
