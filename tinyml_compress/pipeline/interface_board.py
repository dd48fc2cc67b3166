"""MLPerf Tiny's interface board, emulated: it plays recordings to a board and watches the board's pins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tinyml_compress.data.audio import in_16_bits, read_wav
from tinyml_compress.errors import DataError, TinymlError
from tinyml_compress.runners.emulated import SoundPiece
from tinyml_compress.support.pseudo_terminal import PseudoTerminal

_PIECE = 4096
_LONGEST = 256
"""Characters of a command."""
_DETECTED, _BUSY = 1, 2
_APART_US = 10_000
"""Pulses that are nearer to the last one are the same."""
_BAUD = 115200
_END, _READY = "\r\n", "m-ready\r\n"


class Wire:
    """A board's line that the interface board hangs on as well, its microphone, and its pins."""

    def __init__(self, terminal: PseudoTerminal, sample_rate: int) -> None:
        self._terminal, self._bytes_per_second = terminal, 2 * sample_rate
        self._changes = threading.Condition()
        self._characters, self._answer = b"", b""
        self._is_passed_on, self._is_closed = False, False
        self._samples, self._heard = b"", 0
        self.edges: list[tuple[int, int, float]] = []
        """Pins that changed: which, to what, when by the board's clock."""
        threading.Thread(target=self._take, name="line").start()

    def _take(self) -> None:
        while data := self._terminal.read(_PIECE):
            self._say(data)
        with self._changes:
            self._is_closed = True
            self._changes.notify_all()

    def _say(self, data: bytes) -> None:
        with self._changes:
            self._characters += data
            self._changes.notify_all()

    # The board's side.

    def read(self, most: int) -> bytes:
        with self._changes:
            while not (self._characters or self._is_closed):
                self._lose()  # a board that reads does not listen
                self._changes.wait()
            piece, self._characters = self._characters[:most], self._characters[most:]
            return b"" if self._is_closed else piece

    def write(self, data: bytes) -> None:
        if not self._is_passed_on:
            self._terminal.write(data)
            return
        with self._changes:
            self._answer += data
            self._changes.notify_all()

    def hear(self, nbytes: int) -> SoundPiece:
        with self._changes:
            while not (self._characters or self._is_closed or len(self._samples) >= nbytes):
                self._lose()  # the end of a recording that fills no frame any more
                self._changes.wait()
            if self._characters or self._is_closed:
                return SoundPiece(b"", self._seconds(), self._seconds())
            begins = self._seconds()
            piece, self._samples = self._samples[:nbytes], self._samples[nbytes:]
            self._heard += len(piece)
            return SoundPiece(piece, begins, self._seconds())

    def pin(self, which: int, level: int, microseconds: float) -> None:
        self.edges.append((which, level, microseconds))

    def _seconds(self) -> float:
        return self._heard / self._bytes_per_second

    def _lose(self) -> None:
        self._samples = b""
        self._changes.notify_all()

    # The interface board's.

    def play(self, samples: bytes) -> None:
        """Until the board has heard them, or does not listen."""
        with self._changes:
            self._samples, self._heard = samples, 0
            self._changes.notify_all()
            self._changes.wait_for(lambda: self._is_closed or not self._samples)

    def passed_on(self, command: str) -> Iterator[str]:
        """The lines of the board's answer, as they come, until it is ready."""
        self._answer, self._is_passed_on = b"", True
        self._say(f"{command}%".encode("ascii"))
        line = ""
        while line != "m-ready":
            with self._changes:
                self._changes.wait_for(lambda: self._is_closed or b"\n" in self._answer)
                if self._is_closed:
                    return
                whole, _, self._answer = self._answer.partition(b"\n")
            line = whole.decode("latin-1").rstrip("\r")
            if line == "m-ready":
                self._is_passed_on = False
            yield line


class InterfaceBoard:
    """What obeys the runner's commands on the second line."""

    def __init__(self, folder: Path, sample_rate: int, wire: Wire, clock_us: Callable[[], float]) -> None:
        self._folder, self._sample_rate, self._wire, self._clock_us = folder, sample_rate, wire, clock_us
        self._terminal = PseudoTerminal()
        self._zero = 0.0
        self.path = self._terminal.path
        self._thread = threading.Thread(target=self._run, name="interface board")
        self._thread.start()

    def switch_off(self) -> None:
        """After the board, for whose answers it may wait."""
        self._terminal.hang_up()
        self._thread.join()
        self._terminal.close()

    def _run(self) -> None:
        rest = b""
        while data := self._terminal.read(_PIECE):
            *commands, rest = (rest + data).split(b"%")
            for command in commands:
                self._obey("".join(chr(byte) for byte in command if 32 <= byte < 127))
            rest = rest[-_LONGEST:]

    def _obey(self, command: str) -> None:
        word, _, rest = command.strip().partition(" ")
        known: dict[str, Callable[[str], Iterator[str]]] = {
            "": lambda rest: iter(()),
            "name": lambda rest: iter((f"m-name-dut-[tinyml_compress interface board]{_END}",)),
            "ls": self._listed,
            "play": self._played,
            "record_detections": self._recorded,
            "print_detections": self._detections,
            "print_dutycycle": self._duty_cycle,
            "checkbaud": lambda rest: iter((f"baud is: {_BAUD}{_END}",)),
            "setbaud": lambda rest: iter((f"set baud to: {rest}{_END}",)),
            "dut": self._passed_on,
        }
        for text in known[word](rest) if word in known else (f"e-[Unknown command: {word}]{_END}",):
            self._tell(text)
        if word != "dut":  # which says so itself, and then what the board says
            self._tell(_READY)

    def _tell(self, text: str) -> None:
        self._terminal.write(text.encode("latin-1", "replace"))

    def _passed_on(self, command: str) -> Iterator[str]:
        yield f"m-dut-passthrough({command}){_END}{_READY}"
        for line in self._wire.passed_on(command):
            yield f"[dut]: {line}{_END}"

    def _recordings(self) -> list[str]:
        return sorted(path.name for path in self._folder.iterdir() if path.suffix.lower() == ".wav")

    def _listed(self, rest: str) -> Iterator[str]:
        return (f"{name}{_END}" for name in self._recordings())

    def _played(self, name: str) -> Iterator[str]:
        if name not in self._recordings():
            yield f"e-[No such recording: {name}]{_END}"
            return
        try:
            sound, rate = read_wav(self._folder / name)
            if rate != self._sample_rate:
                raise DataError("another sample rate than the model's", found=rate, allowed=self._sample_rate)
        except TinymlError as error:
            yield f"e-[{' '.join(str(error).split())}]{_END}"
            return
        yield f"Playing {name}{_END}"
        self._wire.play(in_16_bits(sound).astype("<i2").tobytes())

    def _recorded(self, rest: str) -> Iterator[str]:
        self._zero, self._wire.edges = self._clock_us(), []
        yield f"Now recording{_END}"

    def _since(self, which: int, level: int) -> list[float]:
        """When a pin became that, in microseconds since `record_detections`."""
        return [at - self._zero for one, to, at in self._wire.edges if (one, to) == (which, level)]

    def _detections(self, rest: str) -> Iterator[str]:
        yield f"Detection Timestamps (ms){_END}"
        last = -float(_APART_US)
        for at in self._since(_DETECTED, 0):
            if at - last >= _APART_US:
                yield f"{round(at / 1e3)},{_END}"
                last = at

    def _duty_cycle(self, rest: str) -> Iterator[str]:
        """In ticks of 10 microseconds, though the words that the runner looks for say seconds; and it looks
        for `m-ready` behind the last of them, not in a line of its own.
        """
        yield f"Duty cycle start times (s){_END}"
        yield self._ticks(1)
        yield f"{_END}Duty cycle stop times (s){_END}"
        yield self._ticks(0)

    def _ticks(self, level: int) -> str:
        return "".join(f"{round(at / 10)}, " for at in self._since(_BUSY, level))
