"""What executes a firmware: Unicorn, or our interpreter where Unicorn has no such core."""

from __future__ import annotations

from typing import Protocol

from tinyml_compress.runners.emulated.counting import Recorder
from tinyml_compress.runners.emulated.firmware import Firmware
from tinyml_compress.runners.emulated.interpreter import CoreInterpreter
from tinyml_compress.runners.emulated.misstep import Misstep
from tinyml_compress.runners.emulated.unicorn_core import UnicornCore


class Executor(Protocol):
    """What executes: memory, and a run from reset to the end."""

    @property
    def misstep(self) -> Misstep | None: ...

    @property
    def pc(self) -> int: ...

    @property
    def for_hooks(self) -> tuple[int, int]:
        """Addresses of the C functions that stop it and read its registers."""

    def write(self, address: int, data: bytes) -> None: ...

    def read(self, address: int, nbytes: int) -> bytes: ...

    def set_stack(self, address: int) -> None: ...

    def called(self) -> tuple[int, int, int]:
        """At the start of a function: its first two arguments, and where it returns to."""

    def answer(self, value: int) -> None:
        """What the function gives."""

    def record(self, recorder: Recorder) -> None: ...

    def run(self, begin: int, done: int, seconds: float | None) -> None:
        """Until `done`, a misstep, a stop, or the time is up."""

    def stop(self) -> None: ...


def new_core(firmware: Firmware) -> Executor:
    """The core that the firmware is for, with its memories."""
    if firmware.core.interpreter:
        image = firmware.image
        return CoreInterpreter(firmware.memory, image.segments, image.code)
    return UnicornCore(firmware)
