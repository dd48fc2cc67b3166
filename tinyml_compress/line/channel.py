"""A serial port: bytes there and back, with time-outs. The system's own terminals where it has them, else
pyserial.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from abc import ABC, abstractmethod

from tinyml_compress.errors import LineError, MissingDependency, UsageError

_PIECE = 4096
_WRITE_S = 10.0
_LOOK = "`tinyml-compress doctor` lists the ports of this machine"


class Channel(ABC):
    """What a dialogue needs of a line."""

    name: str

    @abstractmethod
    def read(self, seconds: float) -> bytes:
        """What has come; nothing after so long a silence. LineGone when there is no line any more."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """All of it."""

    @abstractmethod
    def close(self) -> None:
        """For good."""


class LineGone(LineError):
    """The port is not there any more."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            "the port vanished in the middle",
            which=name,
            found=why,
            next_step="look at the cable and the board's supply, then run the verb again",
        )


def open_channel(port: str, baud: int) -> Channel:
    """The port as it is called on this machine, or an address of pyserial's (socket://, rfc2217://)."""
    if "://" in port or sys.platform == "win32":
        return _Pyserial(port, baud)
    return _Terminal(port, baud)


class _Terminal(Channel):
    """A terminal device of a system that has termios; no package is needed for it."""

    def __init__(self, port: str, baud: int) -> None:
        import termios

        speed = getattr(termios, f"B{baud}", None)
        if speed is None:
            raise UsageError("not a speed that this system sets", which=f"--baud {baud}", allowed=_speeds())
        self.name = port
        try:
            self._file = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise _closed(port, error) from error
        try:
            self._make_raw(speed)
        except (OSError, termios.error) as error:
            os.close(self._file)
            raise UsageError("not a serial port", which=port, found=str(error), next_step=_LOOK) from error
        except LineError:
            os.close(self._file)
            raise

    def _make_raw(self, speed: int) -> None:
        import fcntl
        import termios

        form: list[object] = [0, 0, termios.CS8 | termios.CREAD | termios.CLOCAL, 0, speed, speed]
        characters = termios.tcgetattr(self._file)[6]
        characters[termios.VMIN], characters[termios.VTIME] = 1, 0
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LineError(
                "another program has the port", which=self.name, next_step="close its monitor or terminal"
            ) from error
        termios.tcsetattr(self._file, termios.TCSANOW, [*form, characters])
        termios.tcflush(self._file, termios.TCIOFLUSH)

    def read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self._file], [], [], max(0.0, seconds))
        if not ready:
            return b""
        try:
            data = os.read(self._file, _PIECE)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LineGone(self.name, str(error)) from error
        if not data:
            raise LineGone(self.name, "it hung up")
        return data

    def write(self, data: bytes) -> None:
        ends = time.monotonic() + _WRITE_S
        while data:
            try:
                data = data[os.write(self._file, data) :]
            except BlockingIOError:
                if time.monotonic() > ends:
                    raise LineError("the port takes no bytes", which=self.name, next_step=_LOOK) from None
                select.select([], [self._file], [], 0.1)
            except OSError as error:
                raise LineGone(self.name, str(error)) from error

    def close(self) -> None:
        with contextlib.suppress(OSError):  # of a board that was pulled out
            os.close(self._file)


class _Pyserial(Channel):
    """Everything else, through the package."""

    def __init__(self, port: str, baud: int) -> None:
        try:
            import serial
        except ImportError as error:
            raise MissingDependency(
                "this port needs pyserial",
                which=port,
                next_step=f"{sys.executable} -m pip install 'pyserial>=3.5,<4'",
            ) from error
        self.name = port
        self._failed = (serial.SerialException, OSError)
        try:
            self._serial = serial.serial_for_url(port, baudrate=baud, timeout=0, write_timeout=_WRITE_S)
        except (*self._failed, ValueError) as error:
            raise _closed(port, error) from error

    def read(self, seconds: float) -> bytes:
        self._serial.timeout = max(0.0, seconds)
        try:
            first: bytes = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else b""
        except self._failed as error:
            raise LineGone(self.name, str(error)) from error

    def write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except self._failed as error:
            raise LineGone(self.name, str(error)) from error

    def close(self) -> None:
        with contextlib.suppress(*self._failed):
            self._serial.close()


def _closed(port: str, error: Exception) -> UsageError:
    may = " (are you in the port's group, often dialout?)" if isinstance(error, PermissionError) else ""
    why = getattr(error, "strerror", None) or str(error)
    return UsageError("no such port that opens", which=port, found=f"{why}{may}", next_step=_LOOK)


def _speeds() -> str:
    import termios

    words = (word[1:] for word in dir(termios) if word[:1] == "B" and word[1:].isdigit() and word != "B0")
    return ", ".join(sorted(words, key=int))
