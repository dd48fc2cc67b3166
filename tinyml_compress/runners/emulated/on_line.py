"""A firmware that obeys a line of characters: it runs until it calls its host (semihosting)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tinyml_compress.errors import EmulationError, MissingDependency
from tinyml_compress.runners.emulated.executor import Executor, new_core
from tinyml_compress.runners.emulated.firmware import Firmware
from tinyml_compress.runners.emulated.inference import PAINT

_OPEN, _WRITE, _READ, _ELAPSED, _TICK_FREQUENCY = 0x01, 0x05, 0x06, 0x30, 0x31
_REFUSED = 0xFFFFFFFF
_TICKS_PER_SECOND = 1_000_000
_CONSOLE, _MICROPHONE, _PINS = 1, 2, 3
_HANDLES = {b":tt": _CONSOLE, b"microphone": _MICROPHONE, b"pins": _PINS}
"""What `ports/semihosting.c` opens."""
_BUSY = 2
"""Its pin that is high while it deals with samples."""


class Characters(Protocol):
    """The other end of the line."""

    def read(self, most: int) -> bytes:
        """At least one, as soon as there are any; none when the line is closed."""

    def write(self, data: bytes) -> None: ...


@dataclass(frozen=True)
class SoundPiece:
    """A piece of a recording."""

    samples: bytes
    """Of 16 bits each; none where a character came instead."""
    begins: float
    """In seconds of the recording."""
    ends: float


class Beside(Protocol):
    """What else is connected with the board: an interface board."""

    def hear(self, nbytes: int) -> SoundPiece:
        """So many bytes of samples, as soon as they are played; none as soon as there are characters."""

    def pin(self, which: int, level: int, microseconds: float) -> None:
        """One of the board's pins has changed."""


@dataclass(frozen=True)
class Costs:
    """What things take by the board's clock, in microseconds."""

    inference: float
    frame: float = 0.0
    """Of the front end."""


class DeviceOnLine:
    """One board that is switched on and talks.

    Its clock is modelled: an inference and a frame take their `costs`, what the core does besides nothing.
    The time of this machine passes while the device waits for a command, and `pace` times the modelled time
    at least while it computes: at 1 it is no faster than the board. While it listens, the recording's time
    passes instead: samples come when they would, or later where the board is still busy with others.
    """

    def __init__(
        self, firmware: Firmware, host: str, costs: Costs, pace: float, beside: Beside | None = None
    ) -> None:
        if not firmware.core.built_in:
            raise MissingDependency(
                "the built-in emulator does not have this core",
                which=firmware.core.title,
                allowed="a board with another core: tinyml-compress targets",
            )
        self._firmware, self._costs, self._beside = firmware, costs, beside
        symbols = firmware.image.symbols
        self._host, self._inferences_at = symbols[host], symbols["tc_inferences"]
        self._core: Executor = new_core(firmware)
        self._waited, self._frames, self._sound_from = 0.0, 0, 0.0
        self._rests = (0.0, time.monotonic())
        """What the board's clock and this machine's said when the device began to wait."""
        self._pace, self._began, self._computed_before = pace, time.monotonic(), 0.0
        self._stopped = threading.Event()
        self.waits = threading.Event()
        """Set as soon as the device waits for its first command."""

    def run(self, line: Characters) -> None:
        """From reset until the line is closed or `stop` is called."""
        symbols = self._firmware.image.symbols
        for address, nbytes in self._firmware.memory.rams:
            self._core.write(address, bytes([PAINT]) * nbytes)
        self._core.set_stack(symbols["tc_stack_top"])
        at = symbols["tc_reset"] & ~1
        while not self._stopped.is_set():
            self._core.run(at, self._host, None)
            self._check()
            if self._core.pc != self._host:
                return
            operation, argument, at = self._core.called()
            self._core.answer(self._answer(line, operation, argument) & 0xFFFFFFFF)

    def stop(self) -> None:
        """From another thread, which calls it again until `run` has returned."""
        self._stopped.set()
        self._core.stop()

    def clock_us(self) -> float:
        """The board's clock, as any thread may ask while the device waits."""
        us, since = self._rests
        return us + (time.monotonic() - since) * _TICKS_PER_SECOND

    def _check(self) -> None:
        misstep = self._core.misstep
        if misstep is not None:
            raise EmulationError(
                f"the emulated firmware faulted: {misstep}",
                which=self._firmware.image.name_at(misstep.pc & ~1),
            )

    def _answer(self, line: Characters, operation: int, argument: int) -> int:
        answers: dict[int, Callable[[Characters, int], int]] = {
            _OPEN: self._open,
            _WRITE: self._write,
            _READ: self._read,
            _ELAPSED: self._elapsed,
            _TICK_FREQUENCY: self._tick_frequency,
        }
        known = answers.get(operation)
        return _REFUSED if known is None else known(line, argument)

    def _tick_frequency(self, line: Characters, argument: int) -> int:
        return _TICKS_PER_SECOND

    def _open(self, line: Characters, argument: int) -> int:
        """The console for both ways; microphone and pins where something is connected with them."""
        name, _, length = self._words(argument, 3)
        handle = _HANDLES.get(self._core.read(name, length), _REFUSED)
        return handle if handle == _CONSOLE or self._beside is not None else _REFUSED

    def _write(self, line: Characters, argument: int) -> int:
        handle, text, size = self._words(argument, 3)
        data = self._core.read(text, size)
        if handle == _PINS and self._beside is not None:
            for change in data:
                self._changed(self._beside, *divmod(change - ord("0"), 2))
        else:
            line.write(data)
        return 0

    def _changed(self, beside: Beside, which: int, level: int) -> None:
        beside.pin(which, level, self._now_us())
        self._frames += (which, level) == (_BUSY, 1)

    def _read(self, line: Characters, argument: int) -> int:
        handle, room, size = self._words(argument, 3)
        self.waits.set()
        self._keep_pace()
        self._rests = (self._now_us(), time.monotonic())
        if handle == _MICROPHONE and self._beside is not None:
            data = self._heard(self._beside, size)
        else:
            data = line.read(size)
            self._waited += time.monotonic() - self._rests[1]
        self._began, self._computed_before = time.monotonic(), self._computed_us()
        self._core.write(room, data)
        return size - len(data)

    def _heard(self, beside: Beside, size: int) -> bytes:
        piece = beside.hear(size)
        if piece.begins == 0.0:  # a recording has its own time once it runs
            self._waited += time.monotonic() - self._rests[1]
            self._sound_from = self._now_us()
        if piece.samples:
            due = self._sound_from + piece.ends * _TICKS_PER_SECOND
            early = max(0.0, due - self._now_us()) / _TICKS_PER_SECOND
            self._stopped.wait(self._pace * early)
            self._waited += early
        return piece.samples

    def _elapsed(self, line: Characters, argument: int) -> int:
        self._keep_pace()
        self._core.write(argument, round(self._now_us()).to_bytes(8, "little"))
        return 0

    def _now_us(self) -> float:
        return self._waited * _TICKS_PER_SECOND + self._computed_us()

    def _computed_us(self) -> float:
        (inferences,) = self._words(self._inferences_at, 1)
        return inferences * self._costs.inference + self._frames * self._costs.frame

    def _keep_pace(self) -> None:
        """Wait for the board that is slower than its emulator, since the last command came."""
        computed = (self._computed_us() - self._computed_before) / _TICKS_PER_SECOND
        due = self._began + self._pace * computed
        self._stopped.wait(max(0.0, due - time.monotonic()))

    def _words(self, address: int, count: int) -> list[int]:
        data = self._core.read(address, 4 * count)
        return [int.from_bytes(data[at : at + 4], "little") for at in range(0, 4 * count, 4)]
