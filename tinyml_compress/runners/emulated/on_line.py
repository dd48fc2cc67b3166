"""A firmware that obeys a line of characters: it runs until it calls its host (semihosting)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from tinyml_compress.errors import EmulationError, MissingDependency
from tinyml_compress.runners.emulated.executor import Executor, new_core
from tinyml_compress.runners.emulated.firmware import Firmware
from tinyml_compress.runners.emulated.inference import PAINT

_OPEN, _WRITE, _READ, _ELAPSED, _TICK_FREQUENCY = 0x01, 0x05, 0x06, 0x30, 0x31
_REFUSED = 0xFFFFFFFF
_TICKS_PER_SECOND = 1_000_000


class Characters(Protocol):
    """The other end of the line."""

    def read(self, most: int) -> bytes:
        """At least one, as soon as there are any; none when the line is closed."""

    def write(self, data: bytes) -> None: ...


class DeviceOnLine:
    """One board that is switched on and talks.

    Its clock is modelled: an inference takes `inference_us`, and what the core does besides takes nothing.
    The time of this machine passes while the device waits for a command, and `pace` times the modelled time
    at least while it computes: at 1 it is no faster than the board.
    """

    def __init__(self, firmware: Firmware, host: str, inference_us: float, pace: float) -> None:
        if not firmware.core.built_in:
            raise MissingDependency(
                "the built-in emulator does not have this core",
                which=firmware.core.title,
                allowed="a board with another core: tinyml-compress targets",
            )
        self._firmware, self._inference_us = firmware, inference_us
        symbols = firmware.image.symbols
        self._host, self._inferences_at = symbols[host], symbols["tc_inferences"]
        self._core: Executor = new_core(firmware)
        self._waited = 0.0
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
        """There is the console alone, for both ways."""
        return 1

    def _write(self, line: Characters, argument: int) -> int:
        _, text, size = self._words(argument, 3)
        line.write(self._core.read(text, size))
        return 0

    def _read(self, line: Characters, argument: int) -> int:
        _, room, size = self._words(argument, 3)
        self.waits.set()
        self._keep_pace()
        began = time.monotonic()
        data = line.read(size)
        self._began, self._computed_before = time.monotonic(), self._computed_us()
        self._waited += self._began - began
        self._core.write(room, data)
        return size - len(data)

    def _elapsed(self, line: Characters, argument: int) -> int:
        self._keep_pace()
        ticks = round(self._waited * _TICKS_PER_SECOND + self._computed_us())
        self._core.write(argument, ticks.to_bytes(8, "little"))
        return 0

    def _computed_us(self) -> float:
        (inferences,) = self._words(self._inferences_at, 1)
        return inferences * self._inference_us

    def _keep_pace(self) -> None:
        """Wait for the board that is slower than its emulator, since the last command came."""
        computed = (self._computed_us() - self._computed_before) / _TICKS_PER_SECOND
        due = self._began + self._pace * computed
        self._stopped.wait(max(0.0, due - time.monotonic()))

    def _words(self, address: int, count: int) -> list[int]:
        data = self._core.read(address, 4 * count)
        return [int.from_bytes(data[at : at + 4], "little") for at in range(0, 4 * count, 4)]
